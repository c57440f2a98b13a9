# bids_ketamine as a container: any user, read-only root file system, no network at run time.
#
#   docker build --build-arg VERSION=$(python -m setuptools_scm) -t bids/bids_ketamine .
#
# BASE       image with Python 3.11 or later
# VERSION    version of the app; the build context has no git history to read it from
# TEMPLATES  fetch: the files of TemplateFlow that the app may ask for; none: none of them
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS packages
WORKDIR /source
# Other packages' own tests are a sixth of what is installed; nothing imports them.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
        > requirements.txt \
    && python -m venv /opt/bids_ketamine \
    && /opt/bids_ketamine/bin/pip install --no-cache-dir -c constraints.txt -r requirements.txt \
    && find /opt/bids_ketamine -type d -name tests -prune -exec rm -rf {} +

FROM packages AS application
ARG VERSION=0.0.0
COPY . .
# Everybody may read what is installed: the app runs as any user.
RUN SETUPTOOLS_SCM_PRETEND_VERSION_FOR_BIDS_KETAMINE=${VERSION} \
        /opt/bids_ketamine/bin/pip install --no-cache-dir --no-deps . \
    && chmod -R a+rX /opt/bids_ketamine

FROM application AS templates
ARG TEMPLATES=fetch
WORKDIR /opt/templateflow
RUN if [ "${TEMPLATES}" != none ]; then \
        /opt/bids_ketamine/bin/python -m bids_ketamine.regions.fetch /opt/templateflow; \
    fi \
    && chmod -R a+rX /opt/templateflow

FROM ${BASE}
COPY --from=application /opt/bids_ketamine /opt/bids_ketamine
COPY --from=templates /opt/templateflow /opt/templateflow
ENV PATH=/opt/bids_ketamine/bin:$PATH \
    TEMPLATEFLOW_HOME=/opt/templateflow
# A number, so that platforms that forbid root can see that it is another user.
USER 4321:4321
WORKDIR /tmp
RUN ["/opt/bids_ketamine/bin/python", "-m", "bids_ketamine.cli.installation"]
ENTRYPOINT ["/opt/bids_ketamine/bin/bids_ketamine"]
