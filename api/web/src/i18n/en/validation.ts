/** What signatures are worth. */
export default {
  validation: {
    title: 'Validate', intro: 'Choose a PDF to see who signed it, when, and whether it was changed afterwards.', choose: 'Choose a PDF', limits: 'At most 50 MB. The file is looked at and not kept.',
    busy: 'Validating {name} and asking the issuers about its certificates…', none: 'The file has no signature', passed: 'All {n} signatures are valid', failed: 'A signature is invalid: do not rely on this file', unclear: 'A signature cannot be judged',
    trust: 'Only the authorities that this platform is set to trust count. Certificates of others show as undetermined, which does not make them false.',
    signature: 'Signature', document_timestamp: 'Document timestamp', unknown_signer: 'Unknown signer', verdict_passed: 'Valid', verdict_failed: 'Invalid', verdict_unclear: 'Undetermined',
    coverage: 'Integrity', covers_all: 'Covers the whole file; nothing was changed', covers_part: '{n} allowed additions after signing', timestamp: 'Trusted time', claimed_time: 'Claimed time', untrusted: 'not trusted', level: 'Level',
    certificates: 'Certificates', certificate: 'Certificate digest', status_good: 'good, not revoked', status_revoked: 'revoked', status_unknown: 'not known', allowed_changes: '{n} allowed additions after signing',
    change: {
      field_filled: 'Field filled', signature_added: 'Later signature', timestamp_added: 'Document timestamp added', signature_field_added: 'Signature field added', metadata_changed: 'Validation data added', form_fonts_added: 'Fonts added to the form', page_changed: 'Page changed', object_changed: 'Content changed',
      field_changed: 'Field changed', locked_field_changed: 'Locked field changed', field_added: 'Field added', catalog_changed: 'Document structure changed', catalog_replaced: 'Document structure replaced', revisions_replaced: 'Revisions replaced', revision_not_plain: 'Added revision is irregular', form_changed: 'Form changed',
      form_replaced: 'Form replaced', signature_changed: 'Signature changed', hidden_object_shown: 'Hidden content shown', encryption_changed: 'Encryption changed', white_space_added: 'White space added at the end',
    },
  },
}
