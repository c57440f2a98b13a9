# bids_ketamine as a container: any user, read-only root file system, no network at run time.
# `make container` builds it, with Docker or podman.
#
# BASE       image with Python 3.11 or later
# TEMPLATES  fetch: the files of TemplateFlow that the app may ask for; none: none of them
# VERSION    version of the app; the build context has no history of git to read it from
# REVISION   commit that it was made from
# PIP_CERT, REQUESTS_CA_BUNDLE  certificates of a proxy, where there is one
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS packages
ARG PIP_CERT=
WORKDIR /source
COPY pyproject.toml constraints.txt ./
# Other packages' own tests are a sixth of what is installed; nothing imports them.
# Everybody may read what is installed: the app runs as any user.
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
        > requirements.txt \
    && python -m venv /opt/bids_ketamine \
    && /opt/bids_ketamine/bin/pip install --no-cache-dir -c constraints.txt -r requirements.txt \
    && find /opt/bids_ketamine -type d -name tests -prune -exec rm -rf {} + \
    && chmod -R a+rX /opt/bids_ketamine

FROM packages AS application
ARG PIP_CERT=
ARG VERSION=0.0.0
COPY . .
RUN SETUPTOOLS_SCM_PRETEND_VERSION_FOR_BIDS_KETAMINE=${VERSION} \
        /opt/bids_ketamine/bin/pip wheel --no-cache-dir --no-deps -w /opt/wheel . \
    && chmod -R a+rX /opt/wheel

FROM application AS templates
ARG REQUESTS_CA_BUNDLE=
ARG TEMPLATES=fetch
WORKDIR /opt/templateflow
RUN if [ "${TEMPLATES}" != none ]; then \
        /opt/bids_ketamine/bin/pip install --no-cache-dir --no-deps --no-index /opt/wheel/*.whl \
        && /opt/bids_ketamine/bin/python -m bids_ketamine.regions.fetch /opt/templateflow; \
    fi \
    && chmod -R a+rX /opt/templateflow

# Packages and templates change seldom: a new version of the app is a small layer above them.
FROM ${BASE}
ARG BASE
ARG VERSION=0.0.0
ARG REVISION=
LABEL org.opencontainers.image.title="bids_ketamine" \
      org.opencontainers.image.description="BIDS App for drug trials with fMRI before and after treatment" \
      org.opencontainers.image.source="https://github.com/bids-apps/bids_ketamine" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
COPY --from=packages /opt/bids_ketamine /opt/bids_ketamine
COPY --from=templates /opt/templateflow /opt/templateflow
COPY --from=application /opt/wheel /opt/wheel
RUN /opt/bids_ketamine/bin/pip install --no-cache-dir --no-deps --no-index /opt/wheel/*.whl
ENV PATH=/opt/bids_ketamine/bin:$PATH \
    BIDS_KETAMINE_TEMPLATES=/opt/templateflow
# A number, so that platforms that forbid root can see that it is another user.
USER 4321:4321
WORKDIR /tmp
RUN ["/opt/bids_ketamine/bin/python", "-m", "bids_ketamine.cli.installation"]
ENTRYPOINT ["/opt/bids_ketamine/bin/bids_ketamine"]
