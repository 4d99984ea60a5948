# A replacement of the chart's RabbitMQ image, for a cluster without access to its registry: RabbitMQ
# 4.3 of Debian's next release, with the official image's user and folders.
FROM docker.io/library/debian:trixie-slim
RUN echo "deb [check-valid-until=no] http://deb.debian.org/debian forky main" >/etc/apt/sources.list.d/forky.list \
    && apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends rabbitmq-server \
    && mkdir -p /etc/rabbitmq/conf.d \
    && chown -R 999:999 /var/lib/rabbitmq /etc/rabbitmq /var/log/rabbitmq \
    && rm -rf /var/lib/apt/lists/*
ENV HOME=/var/lib/rabbitmq PATH=/usr/lib/rabbitmq/bin:$PATH
USER 999
CMD ["rabbitmq-server"]
