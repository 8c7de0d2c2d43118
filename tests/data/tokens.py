"""Makes tokens.toml: frames, tags, keys and tokens, computed apart from garim.

HMAC and HKDF are those of the standard library (hmac, hashlib); BLAKE3 is the package `blake3` of PyPI.
Run: python3 tests/data/tokens.py > tests/data/tokens.toml
"""

import hashlib
import hmac

from blake3 import blake3

CONTEXTS = {
    "pseudonym": "garim 2026-11 key of pseudonyms v1",
    "record-id": "garim 2026-11 key of record ids v1",
    "seal": "garim 2026-11 key of seals v1",
    "nonce": "garim 2026-11 key of nonces v1",
    "share-name": "garim 2026-11 name of a share's key v1",
    "subject": "garim 2026-11 key of subjects v1",
}
# Kind, the two letters of its tokens, what stands in a record, its canonical form. Nobody has these numbers.
VALUES = [
    ("kr_rrn", "rr", "900101-1234568", "9001011234568"),
    ("kr_frn", "fr", "900101-5234561", "9001015234561"),
    ("kr_phone", "ph", "+82 10-0000-1234", "01000001234"),
    ("kr_phone", "ph", "010 0000 1234", "01000001234"),
    ("email", "em", "Gildong.Hong@Example.COM", "gildong.hong@example.com"),
    ("ip", "ip", "::ffff:192.0.2.7", "192.0.2.7"),
    ("ip", "ip", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
    ("credit_card", "cc", "4111-1111-1111-1111", "4111111111111111"),
    ("kr_driver_license", "dl", "서울 12-000000-34", "111200000034"),
    ("kr_passport", "pp", "m000a0001", "M000A0001"),
    ("phone_intl", "pi", "+1 (415) 555-0100", "+14155550100"),
    ("kr_brn", "br", "123-45-00001", "1234500001"),
    ("kr_crn", "cr", "110111-0000001", "1101110000001"),
    ("kr_health_insurance", "hi", "1-0000000012", "10000000012"),
    ("bank_account", "ba", "000-000-000012", "000000000012"),
    ("imei", "im", "35-000000-000000-6", "350000000000006"),
    ("imei", "im", "3500000000000001", "350000000000006"),
    ("mac", "mc", "00-00-5E-00-53-01", "00005e005301"),
    ("kr_vehicle_plate", "vp", "서울 12가 0001", "서울12가0001"),
    ("person_name", "pn", "홍 길동", "홍길동"),
    ("id", "id", "  user-17 ", "user-17"),
    ("id", "id", "홍길동", "홍길동"),
    ("text", "tx", "two words", "two words"),
    ("time", "tm", "2026-11-24T12:00:00+09:00", "2026-11-24T12:00:00+09:00"),
    ("date_of_birth", "bd", "1990-01-01", "1990-01-01"),
    ("number", "nr", "42", "42"),
    ("kr_address", "ad", "서울특별시 종로구 세종대로 0", "서울특별시 종로구 세종대로 0"),
    ("user_agent", "ua", "curl/8.0", "curl/8.0"),
    ("url", "ur", "https://example.com/a?b=c", "https://example.com/a?b=c"),
    ("code", "cd", "login", "login"),
]
SECRET = bytes(range(32))
OTHER = bytes(range(32, 64))
TENANT = bytes(range(64, 96))
KEY_ID = "kjhgfe"


def lengthed(*parts):
    return b"".join(len(part).to_bytes(4, "little") + part for part in parts)


def derive(algorithm, purpose, secret, tenant, recipient):
    material = lengthed(secret, tenant, recipient.encode())
    context = CONTEXTS[purpose]
    if algorithm == "blake3":
        return blake3(material, derive_key_context=context).digest()
    extracted = hmac.new(bytes(32), material, hashlib.sha256).digest()
    return hmac.new(extracted, context.encode() + b"\x01", hashlib.sha256).digest()


def prf(algorithm, key, message):
    if algorithm == "blake3":
        return blake3(message, key=key).digest()
    return hmac.new(key, message, hashlib.sha256).digest()


def letters(some):
    return "".join(chr(97 + nibble) for byte in some for nibble in (byte >> 4, byte & 15))


def tag(source, kind):
    return blake3(b"garim.frame.v1" + source.encode() + b"\0" + kind.encode()).digest()[:4]


def value_frame(algorithm, key, source, kind, value):
    name, version = tag(source, kind), 1
    if len(value) > 58:
        version = 2
        value = prf(algorithm, key, b"\x02" + name + len(value).to_bytes(8, "little") + value)
    return (bytes([version]) + name + bytes([len(value)]) + value).ljust(64, b"\0")


def record_frame(source, topic, partition, offset, line):
    place = partition.to_bytes(4, "little") + offset.to_bytes(8, "little") + line.to_bytes(4, "little")
    body = blake3(topic.encode()).digest()[:16] + place
    return (b"\x03" + tag(source, "record") + bytes([32]) + body).ljust(64, b"\0")


def row(table, **columns):
    print(f"\n[[{table}]]")
    for name, value in columns.items():
        if isinstance(value, bytes):
            value = value.hex()
        print(f"{name} = {value}" if isinstance(value, int) else f'{name} = "{value}"')


def token(algorithm, source, kind, tag_letters, text, canonical, repeat, secret, tenant, recipient):
    key = derive(algorithm, "pseudonym", secret, tenant, recipient)
    frame = value_frame(algorithm, key, source, kind, canonical.encode() * repeat)
    name = KEY_ID
    if recipient:
        made = derive(algorithm, "share-name", secret, b"", recipient)
        name = "".join(chr(97 + byte % 26) for byte in made[:6])
    row(
        "token", algorithm=algorithm, source=source, kind=kind, text=text, canonical=canonical, repeat=repeat,
        secret=secret, tenant=tenant, recipient=recipient, frame=frame,
        token=f"{tag_letters}_{name}_{letters(prf(algorithm, key, frame)[:16])}",
    )


def main():
    print("# Made by tokens.py beside this file, apart from garim. Bytes are in hex; an empty tenant or recipient is none.")
    print(f'# `text` is what stands in a record, `canonical` its form; both `repeat` times. Secrets are named "{KEY_ID}".')
    for algorithm in ("blake3", "hmac-sha256"):
        for purpose in CONTEXTS:
            for secret, tenant, recipient in [
                (SECRET, b"", ""), (OTHER, b"", ""), (SECRET, TENANT, ""), (SECRET, b"", "partner"),
                (SECRET, TENANT, "partner"), (SECRET, TENANT, "a-recipient-whose-name-reaches-into-a-second-block-of-hashing"),
            ]:
                key = derive(algorithm, purpose, secret, tenant, recipient)
                row("key", algorithm=algorithm, purpose=purpose, secret=secret, tenant=tenant, recipient=recipient, key=key)
        for kind, tag_letters, text, canonical in VALUES:
            token(algorithm, "kakaowork", kind, tag_letters, text, canonical, 1, SECRET, b"", "")
        for repeat in (57, 58, 59, 5000):
            token(algorithm, "kakaowork", "id", "id", "x", "x", repeat, SECRET, b"", "")
        token(algorithm, "support", "email", "em", "a@example.com", "a@example.com", 1, SECRET, b"", "")
        token(algorithm, "support", "email", "em", "a@example.com", "a@example.com", 1, OTHER, b"", "")
        token(algorithm, "support", "email", "em", "a@example.com", "a@example.com", 1, SECRET, TENANT, "")
        token(algorithm, "support", "email", "em", "a@example.com", "a@example.com", 1, SECRET, b"", "partner")
        token(algorithm, "support", "email", "em", "a@example.com", "a@example.com", 1, SECRET, TENANT, "partner")
        for partition, offset, line in [(0, 0, 0), (5, 1 << 40, 0), (5, 1 << 40, 3)]:
            key = derive(algorithm, "record-id", SECRET, b"", "")
            frame = record_frame("kakaowork", "kakaowork.activity", partition, offset, line)
            row(
                "record", algorithm=algorithm, source="kakaowork", topic="kakaowork.activity", partition=partition,
                offset=offset, line=line, secret=SECRET, frame=frame, letters=letters(prf(algorithm, key, frame)[:16]),
            )


main()
