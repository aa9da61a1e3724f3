# A mail server for tests: options as JSON in the first argument. Each message becomes a file in the folder `mail`.
import asyncio, json, pathlib, ssl, sys

from aiosmtpd.smtp import SMTP, AuthResult

options = json.loads(sys.argv[1])
mail = pathlib.Path("mail")


class Store:
    # What the client called itself and who it is, for the tests to see.
    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        print("EHLO", hostname, flush=True)
        return responses

    async def handle_DATA(self, server, session, envelope):
        number = len(list(mail.iterdir()))
        (mail / f"{number}.eml").write_bytes(envelope.content)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    user = options["user"]
    known = [bytes(data.login).decode(), bytes(data.password).decode()] == user
    return AuthResult(success=known, handled=False)


def tls():
    if not options["certificate"]:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*options["certificate"])
    if options["authority"]:
        context.load_verify_locations(options["authority"])
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def session():
    context = None if options["implicit"] else tls()
    return SMTP(
        Store(),
        hostname="localhost",
        tls_context=context,
        require_starttls=context is not None,
        authenticator=authenticate if options["user"] else None,
        auth_required=options["user"] is not None,
        auth_require_tls=context is not None,
    )


async def main():
    server = await asyncio.get_running_loop().create_server(
        session, "127.0.0.1", options["port"], ssl=tls() if options["implicit"] else None
    )
    await server.serve_forever()


asyncio.run(main())
