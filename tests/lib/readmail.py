#!/usr/bin/python3
"""Reads messages as a mail reader does: readmail.py FILE... prints a JSON array.

A line that is too long, a bare CR or LF, bytes beyond ASCII or a defect that
the standard library's parser finds end it with a word on standard error.
"""
import email
import email.policy
import json
import sys


def check_bytes(raw):
    for n, line in enumerate(raw.split(b"\r\n"), 1):
        if len(line) > 998 or b"\r" in line or b"\n" in line:
            sys.exit("line %d: its end, or its length" % n)
        if any(byte > 126 for byte in line):
            sys.exit("line %d: beyond ASCII" % n)


def read(path):
    with open(path, "rb") as f:
        raw = f.read()
    check_bytes(raw)
    mail = email.message_from_bytes(raw, policy=email.policy.strict)
    parts = []
    for part in mail.walk():
        if part.defects:
            sys.exit(str(part.defects))
        text = "" if part.is_multipart() else \
            part.get_payload(decode=True).decode()
        # The end of a line of text is the mail's; an attachment has its own.
        if part.get_content_disposition() != "attachment":
            text = text.replace("\r\n", "\n")
        if not part.is_multipart():
            parts.append({"type": part.get_content_type(),
                          "file": part.get_filename(),
                          "disposition": part.get_content_disposition(),
                          "text": text})
    headers = {name.lower(): str(value) for name, value in mail.items()}
    if len(headers) != len(mail.items()):
        sys.exit("a header stands twice")
    return {"headers": headers, "type": mail.get_content_type(),
            "kinds": [p.get_content_type() for p in mail.walk()],
            "parts": parts}


if __name__ == "__main__":
    json.dump([read(path) for path in sys.argv[1:]], sys.stdout)
