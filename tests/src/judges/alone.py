# Judges the signatures of a file by ETSI EN 319 102-1 with what is in it alone: nothing is fetched, and there must be word
# on the revocation of every certificate.
#   alone.py now|archive ROOT.pem FILE.pdf
# `now` asks for signatures that are valid at this time, `archive` for proofs that outlast their certificates, too.
import asyncio
import sys

from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESPassed
from pyhanko.sign.diff_analysis import DEFAULT_DIFF_POLICY
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

wanted, root, path = sys.argv[1:]
spec = SignatureValidationSpec(
    cert_validation_policy=CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=[load_cert_from_pemder(root)]),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
    ),
    revinfo_gathering_policy=RevocationInfoGatheringSpec(
        online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
        certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH,
    ),
)
whole = PdfSignatureValidationSpec(signature_validation_spec=spec, diff_policy=DEFAULT_DIFF_POLICY)
all_valid = True
with open(path, 'rb') as file:
    for signature in PdfFileReader(file).embedded_regular_signatures:
        result = asyncio.run(ades_lta_validation(signature, whole))
        valid = result.api_status is not None and result.api_status.bottom_line
        valid &= wanted == 'now' or result.ades_subindic == AdESPassed.OK
        all_valid &= valid
        print(f'{signature.field_name}: {result.ades_subindic}: {"valid" if valid else "not valid"}')
sys.exit(0 if all_valid else 1)
