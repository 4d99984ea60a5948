# A replacement of nginx's image, for a cluster without access to its registry. It has Debian's nginx.
FROM docker.io/library/python:3.11-slim
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends nginx-light \
    && rm -rf /var/lib/apt/lists/*
