/** Lists, details and starting of contracts. */
import type zh from '../zh/contracts'

const en: typeof zh = {
  home: { title: 'Home', search: 'Search by contract name', sign: 'Sign', empty_awaiting_me: 'Nothing waits for your signature', empty_awaiting_others: 'No contract waits for others', empty_completed: 'No contract is completed yet', empty_all: 'No contracts yet', empty_search: 'No contract matches “{query}”', empty_hint: 'Contracts appear here after you get a signing SMS.' },
  view: {
    all: 'All', awaiting_me: 'Awaiting me', awaiting_others: 'Awaiting others', completed: 'Completed', expired: 'Expired', rescinding: 'Rescinding', withdrawn: 'Withdrawn',
    declined: 'Declined', rescinded: 'Rescinded', draft: 'Drafts', cc: 'Copied to me',
  },
  contracts: {
    title: 'Contracts', new: 'New contract', name: 'Contract', source: 'Source', sender: 'Sender', sent_at: 'Sent', created_at: 'Created', status: 'Status', actions: 'Actions', details: 'Details',
    sign: 'Sign', edit: 'Continue', from: 'From', to: 'To', source_sent: 'Ours', source_received: 'From outside', tabs: 'Contract status', list: 'Contracts',
    empty_start: 'Start the first contract',
  },
  workbench: { title: 'Workbench', awaiting: 'Awaiting my signature', recent: 'Recent contracts', awaiting_empty: 'Nothing waits for your signature', all: 'View all', greeting: 'Hello, {name}', awaiting_count: '{n} contracts await your signature' },
  contract: {
    title: 'Contract', documents: 'Documents', recipients: 'Recipients', progress: 'Progress', timeline: 'History', sender: 'Sender', created: 'Created', sent: 'Sent', deadline: 'Deadline', completed: 'Completed',
    no_deadline: 'None', signed_at: 'Signed {time}', revision: 'Revision {n}', withdraw: 'Withdraw', remind: 'Remind', sign: 'Sign', edit: 'Continue editing', download: 'Download', sha256: 'SHA-256 digest',
    withdraw_title: 'Withdraw the contract', withdraw_intro: 'Nobody can sign it any more, and those who have are told. This cannot be undone.', withdraw_reason: 'Reason', withdraw_reason_required: 'Say why you withdraw it', withdraw_confirm: 'Withdraw', withdrawn: 'The contract is withdrawn',
    reminded: 'The current signer was reminded', order: 'No. {n}', me: 'me', waiting_for: 'Waiting for {name}', waits_timestamp_authority: 'Signing is confirmed and waits for the timestamp service. It goes on by itself; nothing is to be done.', waits_signing_key: 'Signing is confirmed and waits for the device that makes signing keys. It goes on by itself; nothing is to be done.', waits_certificate_authority: 'Signing is confirmed and waits for the certification authority. It goes on by itself; nothing is to be done.', waits_operator: 'Something went wrong here, and the people who run the platform have to look at it. Nothing that was confirmed is lost, and nothing is to be done again.',
  },
  timeline: {
    platform: 'Platform', created: 'Created', sent: 'Sent', notified: 'Notified', not_notified: 'Could not be notified', agreement_accepted: 'Agreement accepted', reading_finished: 'Read to the end', confirmed: 'Intent confirmed',
    signed: 'Signed', not_signed: 'Could not be signed, to be confirmed again', reminded: 'Reminded', declined: 'Declined', withdrawn: 'Withdrawn', expired: 'Expired', completed: 'Completed by all',
  },
  compose: {
    title: 'New contract', files: 'Files', type: 'Contract type', recipients: 'Recipients', placing: 'Fields', review: 'Review and send', steps: 'Steps', file_intro: 'PDF and Word (.docx) files, JPG and PNG pictures, up to 50 MB each. Pictures chosen together become one file, in the order of their names.', choose_file: 'choose files', drop: 'Drop files here, or', uploading: 'Uploading {percent}%', checking: 'Checking the file…', uploaded: 'Uploaded',
    waiting: 'Not uploaded yet', failed: 'Not uploaded', too_large: 'The file has more than 50 MB. Compress or split it and upload it again.', not_pdf: 'This kind of file is not taken. Upload a PDF, a Word file (.docx), or JPG or PNG pictures.', old_word: 'The file is encrypted, or of an old Office format. Remove the password, save it as .docx or PDF, and upload that.', choose_other: 'Choose another', empty_file: 'The file is empty. Check it and upload it again.', made_of_word: 'Converted from a Word file to PDF. Check the layout before you send it.', made_of_pictures: 'Made of pictures. Check the order of the pages and whether they can be read.', remove: 'Remove', files_needed: 'Upload at least one file', name: 'Contract name', name_hint: 'For example: Purchase contract', name_needed: 'Name the contract',
    type_intro: 'The contract type decides the recipients, the steps before signing and the fields.', type_needed: 'Choose a contract type', no_types: 'There is no contract type yet. Contact the administrator.', version: 'Version {n}', deadline: 'Deadline', deadline_default: 'If left empty: {days} days after sending, as the contract type says', deadline_past: 'The deadline must be later than now',
    recipient_name: 'Name', transactor_name: 'Transactor’s name', phone: 'Phone number', organization: 'Organization', choose_organization: 'Choose an organization', name_required: 'Enter a name', phone_wrong: 'Enter an 11-digit phone number', organization_needed: 'Choose an organization', kind_person: 'Person', kind_organization: 'Organization', order_hint: 'They are notified one after the other, in this order.', same_phone: 'One phone number cannot stand for two recipients',
    no_organizations: 'No organization to choose', review_intro: 'Check what follows. The first signer gets an SMS as soon as you send.', send: 'Send', sent: 'The contract is sent', save_draft: 'Saved as draft', leave: 'Leave this page? The saved draft is kept under Drafts.', sender_needed: 'You may not start contracts',
    file_list: 'Files', repaired: 'The file was damaged and has been repaired. Check every page before you send it.', sending_organization: 'Sending organization', days: '{n} days',
  },
  placing: {
    intro: 'Dashed boxes are the fields of the contract type. They are put on every file when you send and cannot be moved. If you need more, choose a recipient and add fields to the pages.', for_whom: 'For whom', kinds: 'Add', add: 'Add: {kind}', document: 'File', page: 'Page', of_pages: 'of {n}', preview: 'Preview of the file', list: 'Fields that you added', list_empty: 'You have added no fields. You can go on.',
    keys: 'Drag a field, or its lower right corner to size it, or move it by 1 mm with the arrow keys (10 mm with Shift). Delete removes it.', box: '{role}, {kind}, page {page}, {x} mm from the left, {y} mm from the top', box_across: '{role}, {kind}, pages {from} to {to}, {y} mm from the top', by_type: '{role} · {kind} (of the contract type)', remove: 'Remove', removed: '{kind} removed', full: 'At most {n} fields can be added',
    settings: 'Settings', every_document: 'On every file', from_page: 'From page', to_page: 'To page', to_last: 'The last one', edge: 'At which edge', edges: { right: 'Right (bound at the left)', left: 'Left (bound at the right)' }, x: 'From the left (mm)', y: 'From the top (mm)', w: 'Width (mm)', h: 'Height (mm)', seal_kind: 'Kind of seal', seal_any: 'Any', sized: '{kind}, {w} mm wide, {h} mm high',
    font: 'Typeface', fonts: { sans: 'Sans serif', serif: 'Serif' }, size: 'Size (pt)', size_auto: 'Automatic', color: 'Colour', colors: { black: 'Black', red: 'Red', blue: 'Blue' }, align: 'Alignment', aligns: { left: 'Left', center: 'Centre', right: 'Right' }, overflow: 'Text that is too long', overflows: { shrink: 'Is set smaller', wrap: 'Is broken into lines', refuse: 'Is refused' },
    page_missing: 'A file has no such page. Change the page or remove the field.', span_pages: 'A cross-page seal goes over 2 to 500 pages. Change its pages, put it only on a file with enough of them, or remove it.', check: 'A field cannot be placed like this. Change it as described.', fix: 'Change the fields', where: 'page {page}', where_across: 'pages {from}–{to}',
  },
}
export default en
