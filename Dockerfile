# A small image of the service: only what requirements.txt names, as a user without rights.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CACHE_DIR=/var/cache/trimaran

RUN useradd --system --no-create-home trimaran \
    && install --directory --owner trimaran --mode 700 /var/cache/trimaran

WORKDIR /srv/trimaran
COPY requirements.txt ./
RUN pip install --no-cache-dir --requirement requirements.txt
COPY . .

USER trimaran
EXPOSE 8001
VOLUME /var/cache/trimaran
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8001/healthz', timeout=2)"]
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8001", "--no-server-header", "--http", "endpoints.connection:CarefulProtocol", "--timeout-graceful-shutdown", "12"]
