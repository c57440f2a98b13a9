# Simulated, published and in-house trials run alike: no network is needed at run time.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /source
COPY . .
RUN python -m venv /opt/bids_ketamine \
    && /opt/bids_ketamine/bin/pip install --no-cache-dir -c constraints.txt .

FROM ${BASE}
COPY --from=build /opt/bids_ketamine /opt/bids_ketamine
ENV PATH=/opt/bids_ketamine/bin:$PATH \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    TEMPLATEFLOW_HOME=/tmp/templateflow \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 4321:4321
RUN ["/opt/bids_ketamine/bin/bids_ketamine", "--version"]
ENTRYPOINT ["/opt/bids_ketamine/bin/bids_ketamine"]
