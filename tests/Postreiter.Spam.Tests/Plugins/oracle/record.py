#!/usr/bin/python3
"""Makes the mails of the tests of further plugins, and writes down what SpamAssassin says of them.

usage: record.py    writes ../mails/*.eml and ../expected.tsv
"""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MAILS = {}


def mail(name, author="Ann <ann@example.com>", to="bob@example.org", more="", parts=(), text="Here it is, as every week."):
    header = f"From: {author}\nTo: {to}\nSubject: the report\nDate: Mon, 6 Jan 2025 09:59:58 +0000\n{more}MIME-Version: 1.0\n"
    if parts:
        body = f"Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: text/plain\n\n{text}\n"
        body += "".join(f"\n--b\n{part}" for part in parts) + "\n--b--\n"
    else:
        body = f"Content-Type: text/plain\n\n{text}\n"
    MAILS[name] = (header + body).encode("latin-1")


def part(content, kind="application/octet-stream", name=None):
    field = f'Content-Type: {kind}' + (f'; name="{name}"' if name else "")
    lines = base64.encodebytes(content).decode()
    return f"{field}\nContent-Transfer-Encoding: base64\n\n{lines}"


def attachments():
    for name in ["a.exe", "A.SCR", "x.com", "x.js", "x.txt", "a.scr?", "exe", "a.tar.gz", "x.lnk.zip"]:
        mail(f"file-{re.sub('[^a-z.]', '_', name)}", parts=[part(b"hello", name=name)])
    mail("file-mz", parts=[part(bytes.fromhex("4d5a90000300000004000000ffff0000") + b"\0" * 40, name="x.dat")])
    mail("file-not-mz", parts=[part(b"MZ" + b"x" * 60, name="x.dat")])
    mail("file-uuencode", text="begin 644 x\nM35J0``,````$````__\\``+@`````````0```\nM35K````````````````\n")
    mail("file-uuencode-real", text="see\n\nbegin 644 a.dat\n" + "M35J0``,````$````__\\\n" + "M35H`````````````````````````\nend")
    for name, kind in [
        ("a.txt", "text/plain"), ("a.txt", "application/pdf"), ("a.html", "text/html"), ("a.html", "image/gif"), ("a.xml", "text/xml"),
        ("a.jpg", "image/png"), ("a.jpg", "text/plain"), ("a.gif", "application/x-gif"), ("a.vcf", "text/vcard"), ("a.vcf", "text/x-vcard"),
        ("a.exe", "image/gif"), ("a.exe", "application/x-msdownload"), ("a.doc", "application/msword"), ("a.doc", "application/vnd.ms-word"),
        ("a.doc", "application/pdf"), ("a.ppt", "application/vnd.ms-powerpoint"), ("a.ppt", "text/plain"), ("a.xls", "application/vnd.ms-excel"),
        ("a.xls", "application/x-excel"), ("a.xls", "application/pdf"), ("a.pdf", "application/pdf"), ("a.doc", "application/octet-stream"),
        ("a.txt", "message/external-body"), ("a.htm", "text/enriched"), ("a.txt", "text/rtf"),
    ]:
        mail(f"name-{name}-{kind.replace('/', '-')}", parts=[part(b"hello", kind, name)])


def names():
    for name, author in [
        ("plain", "Ann <ann@example.com>"),
        ("same", '"ann@example.com" <ann@example.com>'),
        ("other", '"boss@bank.example.org" <ann@example.com>'),
        ("other-tld", '"ann@example.org" <ann@example.com>'),
        ("alias", '"carl@example.com" <ann@example.com>'),
        ("subdomain", '"ann@news.example.com" <ann@example.com>'),
        ("words", '"Boss (boss@bank.org)" <ann@example.com>'),
        ("many-words", '"Please write to my colleague in the other building, boss@bank.org, or come by any day" <ann@example.com>'),
        ("to", '"bob@example.org" <ann@example.com>'),
        ("owner", '"x@big.example.com" <y@large.example.net>'),
        ("owner-gone", '"x@big.example.com" <gone@other.example.net>'),
        ("no-tld", '"boss@bank.invalidtld" <ann@example.com>'),
        ("no-author", '"boss@bank.org" <ann>'),
        ("two", '"a@one.org b@two.org" <ann@example.com>'),
        ("end", '"boss@bank.org." <ann@example.com>'),
        ("capitals", '"BOSS@BANK.ORG" <ann@example.com>'),
        ("encoded", "=?utf-8?q?b=C3=B6ss_boss=40bank.org?= <ann@example.com>"),
        ("odd", '"!boss+x@bank.org" <ann@example.com>'),
        ("no-label", '"boss@.org boss@x" <ann@example.com>'),
    ]:
        mail(f"from-{name}", author=author)
    mail("from-replyto", author='"boss@bank.org" <ann@example.com>', more="Reply-To: Boss@Bank.org\n")
    mail("from-list", author='"boss@bank.org" <ann@example.com>', more="List-Unsubscribe-Post: x\n")


PLAIN = (
    b"%PDF-1.3\n1 0 obj\n<</Producer(GPL Ghostscript 8.15)\n/CreationDate(D:20070703144220)\n/ModDate(D:20080703144220)\n"
    b"/Title(\\374ber alles)\n/Creator(Writer)\n/Author(Ann \\(the\\) Author)>>endobj\n/Type /Catalog\n"
    b"2 0 obj<</S /URI /URI (http://link.example.com/x)>>\nendobj\n%%EOF\n"
)
IMAGE = b"%PDF-1.4\n/Subtype/Image\n630 0 0 149 0 0 cm\nstream\nxxxx\nendstream\n"
SECOND = b"/Image\n<</Width 200/Height 100/X 1>>\n"


def pdfs():
    pdf = lambda data, name="a.pdf", kind="application/pdf": part(data, kind, name)
    mail("pdf-plain", parts=[pdf(PLAIN)])
    mail("pdf-image", parts=[pdf(IMAGE, "Invoice12.PDF")])
    mail("pdf-images", parts=[pdf(IMAGE + SECOND)])
    mail("pdf-two", parts=[pdf(PLAIN), pdf(IMAGE, "b.pdf", "application/octet-stream")])
    mail("pdf-octets-without-name", parts=[pdf(PLAIN, "a.dat", "application/octet-stream")])
    mail("pdf-fdf", parts=[pdf(PLAIN, "a.fdf", "application/octet-stream")])
    mail("pdf-text", parts=[pdf(PLAIN, "a.pdf", "text/plain")])
    mail("pdf-none", parts=[pdf(b"hello")])
    mail("pdf-late", parts=[pdf(b"x" * 900 + PLAIN)])
    mail("pdf-too-late", parts=[pdf(b"x" * 1100 + PLAIN)])
    mail("pdf-bom", parts=[pdf(b"\xef\xbb\xbf" + PLAIN)])
    mail("pdf-no-text", parts=[pdf(PLAIN)], text="")
    mail("pdf-encrypted", parts=[pdf(PLAIN + b"/Encrypt 5 0 R\n")])
    mail("pdf-not-encrypted", parts=[pdf(PLAIN + b"x /Encrypt 5 0 R\n")])
    mail("pdf-hex", parts=[pdf(b"%PDF-1.6\n<</Creator<FEFF005700720069007400650072>/Title <FC 62>>>\n")])
    mail("pdf-octal", parts=[pdf(b"%PDF-1.6\n<</Creator(\\376\\377\\000W\\000r\\000i\\000t\\000e\\000r)/Author()>>\n")])
    mail("pdf-open", parts=[pdf(b"%PDF-1.6\n<</Creator(Writer\n/Author (x\\)\n")])
    mail("pdf-width-first", parts=[pdf(b"%PDF-1.4\n/Image\n/Width 630/Height 149\n")])
    mail("pdf-width-inside", parts=[pdf(b"%PDF-1.4\n/Image<</Width 630/Height 149>>\n")])
    mail("pdf-lines", parts=[pdf(b"%PDF-1.4\n/Image\n/Width 630\n/Height 149\n")])
    mail("pdf-no-picture", parts=[pdf(b"%PDF-1.4\n630 0 0 149 0 0 cm\n")])
    mail("pdf-zero", parts=[pdf(b"%PDF-1.4\n/Image\n0 0 0 149 0 0 cm\n630 0 0 149 0 0 cm\n")])
    mail("pdf-link-line", parts=[pdf(b"%PDF-1.4\n  /URI (http://next.example.com/)\n")])
    mail("pdf-link-middle", parts=[pdf(b"%PDF-1.4\nx /URI (http://next.example.com/)\n")])
    mail("pdf-link-bare", parts=[pdf(b"%PDF-1.4\n/A (https://next.example.com/a/b)>>\n")])
    mail("pdf-link-hex", parts=[pdf(b"%PDF-1.4\n/S/URI/URI<687474703a2f2f6c696e6b2e6578616d706c652e636f6d2f>\n")])
    mail("pdf-changed", parts=[pdf(PLAIN.replace(b"%%EOF", b"%%EOG"))])


def digests():
    fuzzy = b"".join(
        line.rstrip() for line in PLAIN.split(b"\n") if line and not line.startswith(b"%")
    )
    words = b"".join(m.group(1) for m in (re.match(rb"/([A-Za-z]+)", line) for line in PLAIN.split(b"\n")) if m)
    return {
        "PLAINMD5": hashlib.md5(PLAIN).hexdigest(),
        "FUZZYMD5": hashlib.md5(fuzzy).hexdigest(),
        "WORDSMD5": hashlib.md5(words).hexdigest().upper(),
    }


def main():
    attachments()
    names()
    pdfs()
    mails = os.path.join(HERE, "mails")
    shutil.rmtree(mails, ignore_errors=True)
    os.makedirs(mails)
    for name, content in MAILS.items():
        with open(os.path.join(mails, name + ".eml"), "wb") as out:
            out.write(content)
    path = os.path.join(HERE, "plugins.cf")
    with open(path) as read:
        rules = read.read()
    for name, digest in digests().items():
        rules = rules.replace(name, digest)
    with open(path, "w") as out:
        out.write(rules)
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(HERE, "expected.tsv"), "w") as expected:
        with open(os.path.join(folder, "init.pre"), "w") as out:
            for plugin in ["Check", "AntiVirus", "FromNameSpoof", "PDFInfo"]:
                out.write(f"loadplugin Mail::SpamAssassin::Plugin::{plugin}\n")
        shutil.copy(path, folder)
        with open(os.path.join(folder, "oracle.cf"), "w") as out:
            out.write("use_bayes 0\nreport_safe 0\nclear_headers\nadd_header all Sub _TESTS(,)_\nfold_headers 0\n")
        for name, content in sorted(MAILS.items()):
            run = subprocess.run(
                ["spamassassin", "-L", "-x", "-t", "-C", folder, "--siteconfigpath", folder],
                input=content, capture_output=True, env=dict(os.environ, TZ="UTC", LC_ALL="C"),
            )
            if run.stderr.strip():
                print(name, run.stderr.decode()[:300], file=sys.stderr)
            hits = re.search(rb"^X-Spam-Sub: (.*)$", run.stdout, re.M).group(1).decode()
            expected.write(f"{name}\t{'' if hits == 'none' else ','.join(sorted(hits.split(',')))}\n")


main()
