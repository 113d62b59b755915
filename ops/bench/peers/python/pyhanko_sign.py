"""Signs a file with pyHanko again and again, and prints how long one takes: reading, signing, writing.

    pyhanko_sign.py FROM TO KEY CERTIFICATE TIMES

The process runs already and everything is imported, so only the work counts. The signature is as ours: P-256, PAdES B-B,
in a new invisible field, appended as a revision.
"""

import json
import os
import statistics
import sys
import time

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers


def sign(source: str, target: str, signer: signers.PdfSigner) -> None:
    with open(source, "rb") as file:
        writer = IncrementalPdfFileWriter(file)
        with open(target, "w+b") as out:
            signer.sign_pdf(writer, output=out)


def main() -> None:
    source, target, key, certificate, times = sys.argv[1:]
    simple = signers.SimpleSigner.load(key, certificate)
    meta = signers.PdfSignatureMetadata(
        field_name="Signature1",
        name="示例签署人",
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
    )
    signer = signers.PdfSigner(meta, simple)
    took = []
    for turn in range(int(times) + 2):
        begun = time.perf_counter()
        sign(source, target, signer)
        # The first ones fill its caches.
        ended = time.perf_counter()
        if turn >= 2:
            took.append((ended - begun) * 1000)
        os.remove(target)
    print(json.dumps({"median_ms": statistics.median(took)}))


main()
