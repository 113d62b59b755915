/** The signer's way. */
import type zh from '../zh/signing'

const en: typeof zh = {
  document: { page: 'Page {page}', page_failed: 'This page could not be shown. Try again', opening: 'Opening the document…', failed: 'The document “{name}” could not be opened', zoom_in: 'Zoom in', zoom_out: 'Zoom out' },
  step: {
    label: 'Steps', agreement: 'Agreement', reading: 'Read', sign: 'Sign', intent: 'Confirm', at: 'Step {at} of {of}', left: '{left} left', last: 'Last step',
    done: 'done', current: 'current step', todo: 'not started',
  },
  agreement: { title: 'Agreement', intro: 'Read the agreement below. You can go on after you accept it.', accept: 'Accept and continue', scroll: 'Read to the end of the agreement' },
  reading: {
    progress: '{read} of {total} pages read', wait: 'Keep reading for {seconds} s', to_end: 'Read to the last page', finish: 'I have read it',
  },
  field: {
    kind: { signature: 'Signature', seal: 'Seal', date: 'Date', text: 'Text', legal_rep_seal: 'Legal representative’s seal', cross_page_seal: 'Cross-page seal' },
    hint: { signature: 'Sign here', seal: 'Seal here', date: 'Set date', text: 'Fill in', legal_rep_seal: 'Seal here', cross_page_seal: 'Seal the edges here' },
    slice: '(part {n} of {of})',
    label_empty: 'Page {page}, {kind}, empty', label_filled: 'Page {page}, {kind}, filled, press to change',
  },
  sign: {
    title: 'Sign', next_field: 'Next field ({n} left)', submit: 'Sign now', all_done: 'All {n} fields are filled', none: 'There is nothing to fill in. You can sign now.', left: '{n} fields left',
    decline: 'Decline', saved: 'Saved', saving: 'Saving…', offline: 'Offline, kept on this device', refused: 'Some entries could not be saved', refused_field: '{kind} on page {page}', choose_seal: 'Choose a seal', no_seal: 'You have no seal to use. Ask your organization’s administrator to grant one.',
    choose_signature: 'Choose a signature', use_last: 'Use the one just drawn', draw_new: 'Draw a new one', text_title: 'Fill in text', text_hint: 'Enter text', text_limit: 'At most {n} characters', use: 'Use',
    upload: 'Upload a picture', cleaning: 'Looking for the signature…', photo_hint: 'Sign on white paper and take a photo in even light, in focus. JPG or PNG, at most 5 MB.', photo_check: 'Check that the signature is whole and clear; if not, choose another picture.', draw_instead: 'Draw it instead', kept: 'Kept pictures of signatures', kept_one: 'Signature {n}', remove: 'Remove', remove_one: 'Remove signature {n}',
    date_set: 'Today’s date is set', clear: 'Clear',
  },
  pad: { title: 'Draw your signature', hint: 'Sign here', undo: 'Undo', clear: 'Clear', confirm: 'Use this', too_little: 'Too little ink, sign in full' },
  intent: {
    intro: 'Confirm that you sign this contract yourself and of your own will.', contract: 'Contract', documents: 'Documents', sender: 'Sender', signer: 'Signer', sms: 'SMS code', to: 'The code goes to {phone}',
    sent: 'A code was sent to {phone} and is valid for 10 minutes.', get_code: 'Get code', again: 'Again in {seconds} s', confirm: 'Confirm and sign', confirm_hint: 'Your digital certificate will sign. It cannot be changed afterwards.',
    back: 'Back to the fields', label: '6-digit SMS code',
  },
  done: {
    called_off_title: 'You need not sign', called_off: 'Enough others have signed; you are no longer asked.', stamping_title: 'Applying your signature…', stamping: 'The digital signature and the timestamp are being applied; this takes a few seconds. You may leave this page, it goes on without you.', signed_title: 'Signed', signed: 'You have signed. You will get an SMS when everybody has.',
    all_signed: 'Everybody has signed.', download: 'Download', details: 'View the contract', next: 'Sign the next one', home: 'Home', slow: 'This takes longer than usual. It is still under way; you need not sign again.',
    declined_title: 'Declined', declined: 'This contract was declined and can no longer be signed.', withdrawn_title: 'Withdrawn', withdrawn: 'The sender has withdrawn this contract. There is nothing to sign.',
    expired_title: 'Expired', expired: 'The deadline of this contract is over. Contact the sender if it is still to be signed.', completed_title: 'Completed', completed: 'Everybody has signed this contract.', waiting_title: 'Not your turn yet', waiting: 'You will get an SMS when those before you have signed.',
  },
  decline: {
    title: 'Decline', intro: 'The contract ends at once, and the sender and the other recipients are told. This cannot be undone.', reason: 'Reason', required: 'Say why you decline', confirm: 'Decline',
  },
}
export default en
