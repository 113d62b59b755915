"""Holds our validator's verdicts against pyHanko's, on pyHanko's own test files.

usage: compare.py SEALFLOW FOLDER   (the folder of pyHanko's unpacked source distribution)

A signature counts as sound when its bytes, its CMS and what came after it are in order. Whether its issuer is trusted
is compared apart, since certificates run out. Prints a table in Markdown; a difference that EXPLAINED does not
name, or names otherwise, ends with status 1.
"""

import json
import logging
import subprocess
import sys
from pathlib import Path

from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko.keys import load_cert_from_pemder

logging.disable(logging.CRITICAL)
WHOLE = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)


def theirs(path, roots):
    """Verdicts of pyHanko by field."""
    verdicts = {}
    with open(path, "rb") as file:
        reader = PdfFileReader(file, strict=False)
        if reader.security_handler is not None:
            reader.decrypt("")
        for embedded in reader.embedded_signatures:
            context = ValidationContext(trust_roots=roots, allow_fetching=False, revocation_mode="soft-fail")
            try:
                if embedded.sig_object_type == "/DocTimeStamp":
                    status = validate_pdf_timestamp(embedded, context)
                else:
                    status = validate_pdf_signature(embedded, context)
            except Exception as error:
                verdicts[embedded.field_name] = ("unsound", type(error).__name__)
                continue
            level = getattr(status, "modification_level", None)
            # None: nothing followed, or pyHanko does not say.
            changed = level == ModificationLevel.OTHER or getattr(status, "docmdp_ok", True) is False
            sound = status.intact and status.valid and status.coverage in WHOLE and not changed
            why = "" if sound else ", ".join(
                word for word, is_so in [
                    ("not intact", not status.intact), ("signature wrong", not status.valid),
                    (f"coverage {status.coverage.name}", status.coverage not in WHOLE), ("changed", changed),
                ] if is_so
            )
            verdicts[embedded.field_name] = ("sound" if sound else "unsound", why)
    return verdicts


def ours(sealflow, path, roots_file):
    """Verdicts of ours by field; none when the file was not opened."""
    run = subprocess.run(
        [sealflow, "pdf", "validate", path, "--trust", roots_file, "--json"], capture_output=True, text=True
    )
    if not run.stdout:
        return None, run.stderr.strip().replace("sealflow: ", "")
    verdicts = {}
    for one in json.loads(run.stdout)["signatures"]:
        sound = one["verdict"] != "TOTAL-FAILED" and one["sub_indication"] not in ("FORMAT_FAILURE", "CRYPTO_CONSTRAINTS_FAILURE")
        why = "" if sound else f"{one['sub_indication']}: {one['reason']}"
        verdicts[one["field"]] = ("sound" if sound else "unsound", why)
    return verdicts, ""


def main():
    sealflow, folder = sys.argv[1], Path(sys.argv[2])
    explained = json.loads((Path(__file__).parent / "explained.json").read_text())
    pems = sorted(folder.rglob("root.cert.pem")) + sorted(folder.rglob("selfsigned.cert.pem"))
    roots = [load_cert_from_pemder(str(pem)) for pem in pems]
    roots_file = folder / "roots.pem"
    roots_file.write_bytes(b"".join(pem.read_bytes() for pem in pems))
    counts = {"files": 0, "signatures": 0, "agree": 0}
    rows, open_differences = [], 0
    for path in sorted(folder.rglob("*.pdf")):
        name = str(path).split("/pdf/", 1)[-1]
        try:
            expected = theirs(path, roots)
        except Exception as error:
            expected = {"*": ("not opened", type(error).__name__)}
        found, refused = ours(sealflow, path, roots_file)
        if found is None:
            found = {field: ("not opened", refused) for field in expected} or {}
        elif "*" in expected:
            # pyHanko does not open it: what we say of it then must not be that it is sound.
            sound = any(verdict == "sound" for verdict, _ in found.values())
            found = {"*": ("sound" if sound else "not opened", "")}
        if not expected and not found:
            continue
        counts["files"] += 1
        for field in sorted(set(expected) | set(found)):
            their, their_why = expected.get(field, ("none", ""))
            our, our_why = found.get(field, ("none", ""))
            counts["signatures"] += 1
            # Not opening a file and calling its signature unsound come to the same: nobody relies on it.
            same = their == our or {their, our} <= {"unsound", "not opened"}
            if same:
                counts["agree"] += 1
                continue
            reason = explained.get(f"{name}#{field}") or explained.get(name)
            open_differences += reason is None
            rows.append((name, field, f"{their} {their_why}", f"{our} {our_why}", reason or "NOT EXPLAINED"))
    print(f"{counts['files']} files, {counts['signatures']} signatures, {counts['agree']} agree, "
          f"{len(rows)} differ, {open_differences} of them unexplained.\n")
    print("| file | field | pyHanko | Sealflow | why |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(cell.strip().replace("|", "/") for cell in row) + " |")
    return 1 if open_differences else 0


if __name__ == "__main__":
    sys.exit(main())
