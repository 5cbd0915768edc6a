"""A certificate authority for an afternoon: roots, and what they sign, by Debian's openssl."""

import subprocess


class Authority:
    """A root and what it signs, as files below `folder`."""

    def __init__(self, folder, name="root"):
        self.folder = folder
        self.name = name
        self.root = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        self._openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", self._key, "-out", self.root, "-days", "3650", "-subj", f"/O=Ampyard/CN={name}"),
            *("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"),
        )

    def sign(self, name, *, alternative=None, days=365, kind="ec"):
        """A certificate for a common name, and its key."""
        stem = self.folder / f"{self.name}-{name}-{days}-{kind}"
        key, request, certificate, extra = (
            stem.with_suffix(end) for end in (".key", ".csr", ".pem", ".extensions")
        )
        extra.write_text(f"subjectAltName={alternative or f'DNS:{name}'}\n")
        algorithm = ("rsa:2048",) if kind == "rsa" else ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        self._openssl(
            *("req", "-newkey", *algorithm, "-nodes", "-keyout", key, "-out", request),
            *("-subj", f"/O=Ampyard/CN={name}"),
        )
        self._openssl(
            *("x509", "-req", "-in", request, "-CA", self.root, "-CAkey", self._key, "-CAcreateserial"),
            *("-days", str(days), "-extfile", extra, "-out", certificate),
        )
        return certificate, key

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)
