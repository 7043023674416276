"""A relay that speaks TLS to a client and plain HTTP to the service: the older SDK speaks nothing else, and fixes its host."""

import contextlib
import datetime
import ipaddress
import os
import socket
import ssl
import threading
from unittest import mock

connect = socket.create_connection


def certificate(folder, names):
    """Makes a key and a certificate that it signs itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    alternatives = [x509.DNSName(name) for name in names] + [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    built = built.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = built.sign(key, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "relay.pem"
    path.write_bytes(secret + signed.public_bytes(pem))
    return path


def pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def relay(endpoint, folder, names):
    """Starts the relay, makes clients trust it, and answers its address."""
    path = certificate(folder, names)
    os.environ["SSL_CERT_FILE"] = str(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    host, port = endpoint.split(":")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            accepted, _ = listener.accept()
            client = context.wrap_socket(accepted, server_side=True)
            service = connect((host, int(port)))
            for pair in ((client, service), (service, client)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()


def led_to(address):
    """While this holds, every connection by name goes to this address."""

    def led(_wanted, *rest, **more):
        return connect(address, *rest, **more)

    return mock.patch("socket.create_connection", led)
