"""Sends logs by OpenTelemetry's SDK for Python, the same each time, for `npm run soak -- senders --python <interpreter>`.

    sender.py                                      prints what the packages that are installed can speak
    sender.py PROTOCOL URL COUNT [gzip]            sends records 0 to COUNT - 1, numbered by the attribute "seq"

The packages: opentelemetry-exporter-otlp-proto-http, opentelemetry-exporter-otlp-proto-grpc, and, in an environment of
its own as long as its version is another, opentelemetry-exporter-otlp-json-http.
"""

import importlib
import sys

MODULES = {
    "http/protobuf": "opentelemetry.exporter.otlp.proto.http._log_exporter",
    "http/json": "opentelemetry.exporter.otlp.json.http._log_exporter",
    "grpc": "opentelemetry.exporter.otlp.proto.grpc._log_exporter",
}
START_NANOS = 1_774_000_000_000_000_000
# So many wait in the SDK at most; it would drop what comes beyond.
CHUNK = 8192


def exporter_for(protocol, url, gzip):
    module = importlib.import_module(MODULES[protocol])
    if protocol == "grpc":
        import grpc

        compression = grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression
        return module.OTLPLogExporter(endpoint=url, insecure=True, timeout=60, compression=compression)
    compression = next(kind for kind in module.Compression if kind.value == ("gzip" if gzip else "none"))
    return module.OTLPLogExporter(endpoint=url + "/v1/logs", timeout=60, compression=compression)


def body_of(i):
    bodies = [f"line {i} of the log", {"message": f"map {i}", "list": [1, "ü"]}, ["list", i], i, "", bytes([1, 2, i & 255]), True]
    return bodies[i % len(bodies)]


def attributes_of(i):
    return {
        "seq": i,
        "text": f"wörd {i} 漢字 🦉",
        "empty.text": "",
        "negative": -i,
        "large": 2**62 + i,
        "lowest": -(2**63),
        "highest": 2**63 - 1,
        "double": i + 0.5,
        "tiny": 5e-324,
        "yes": True,
        "no": False,
        "list": ["a", "b", ""],
        "numbers": [i, -1],
        "map": {"deep": {"er": [{"x": i}, []]}},
        "bytes": bytes([i & 255, 0, 255]),
    }


def send(protocol, url, count, gzip):
    from opentelemetry._logs import SeverityNumber
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.resources import Resource

    provider = LoggerProvider(
        resource=Resource.create({"service.name": "shop", "service.instance.id": "ä-1"}), shutdown_on_exit=False
    )
    processor = BatchLogRecordProcessor(exporter_for(protocol, url, gzip), max_queue_size=2 * CHUNK)
    provider.add_log_record_processor(processor)
    loggers = [provider.get_logger(name, "1.2.3", schema_url="https://schema.example/1") for name in ("library", "другая")]
    for i in range(count):
        time = START_NANOS + i
        loggers[i % len(loggers)].emit(
            timestamp=time,
            observed_timestamp=time,
            severity_number=SeverityNumber(i % 24 + 1),
            severity_text="INFO2",
            body=body_of(i),
            attributes=attributes_of(i),
            event_name="shop.event" if i % 5 == 0 else None,
        )
        if i % CHUNK == CHUNK - 1:
            provider.force_flush(600_000)
    provider.force_flush(600_000)
    provider.shutdown()


def is_installed(module):
    try:
        importlib.import_module(module)
        return True
    except ImportError:
        return False


if len(sys.argv) == 1:
    print("\n".join(protocol for protocol, module in MODULES.items() if is_installed(module)))
else:
    send(sys.argv[1], sys.argv[2], int(sys.argv[3]), "gzip" in sys.argv[4:])
