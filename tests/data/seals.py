"""Writes seals.toml: envelopes closed by pyca/cryptography (OpenSSL), which shares no line with garim's cipher.

python3 seals.py > seals.toml    (cryptography 42 or newer over OpenSSL 3.2 or newer)
"""

import base64
import hashlib
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

LETTERS = "ponmlkjihgfedcbaabcdefghijklmnop"
CASES = [
    ("one short value", "contract-5y", "kakaowork", LETTERS, [("/items/login_id", '"user7@example.com"')]),
    ("two values", "login-3m", "kakaowork", LETTERS, [("/ip", '"192.0.2.17"'), ("/device/id", "17")]),
    ("a tier without record ids", "legal", "web", "", [("/ip", '"2001:db8::17"')]),
    ("a whole container", "dispute-3y", "support", LETTERS, [("/abuse", '{ "evidence": ["가", null, 1.50e+2] }')]),
    ("a path with escapes", "legal", "app", LETTERS, [("/a~1b/m~0n/3", '"\\u00e9"')]),
    ("an empty text", "legal", "app", LETTERS, [("/x", '""')]),
    ("sixteen bytes of list", "legal", "app", LETTERS, [("/name", '"a"')]),
    ("a long value", "legal", "app", LETTERS, [("/text", '"' + "가나다라" * 300 + '"')]),
]


def pack(parts):
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def quoted(text):
    return "'''" + text + "'''"


print("# Envelopes of sealed values, closed by an independent implementation: see seals.py.")
for number, (what, tier, source, record_id, values) in enumerate(CASES):
    key = hashlib.sha256(b"key %d" % number).digest()
    nonce = hashlib.sha256(b"nonce %d" % number).digest()[:12]
    name, policy = "kjhgf" + "abcdefgh"[number], "ponmlkji"
    text = pack([part.encode() for value in values for part in value])
    data = b"\x01" + pack([part.encode() for part in (tier, source, name, policy, record_id)])
    box = nonce + AESGCMSIV(key).encrypt(nonce, text, data)
    envelope = "s1_%s_%s" % (name, base64.urlsafe_b64encode(box).decode().rstrip("="))
    print("\n[[case]]")
    print('what = "%s"\nkey = "%s"\nnonce = "%s"' % (what, key.hex(), nonce.hex()))
    print('tier = "%s"\nsource = "%s"\nname = "%s"\npolicy = "%s"' % (tier, source, name, policy))
    print('record-id = "%s"' % record_id)
    print("values = [")
    for path, value in values:
        print("    [%s, %s]," % (quoted(path), quoted(value)))
    print("]")
    print('envelope = "%s"' % envelope)
