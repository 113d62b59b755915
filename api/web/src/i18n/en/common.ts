/** Words that all pages share. */
import type zh from '../zh/common'

const en: typeof zh = {
  app: { name: 'Sealflow e-signature', short: 'Sealflow' },
  common: {
    loading: 'Loading…', retry: 'Try again', cancel: 'Cancel', confirm: 'OK', back: 'Back', close: 'Close', next: 'Next', previous: 'Back',
    search: 'Search', reset: 'Reset', download: 'Download', all: 'All', more: 'More',
    empty: 'No data', colon: ': ', none: '—', home: 'Home', optional: 'Optional', no_more: 'No more', language: '中文',
    offline: 'You are offline. What you entered is kept on this device and submitted when the network is back.', skip: 'Skip to content', bytes: '{size} MB', bytes_small: '{size} KB',
    pages: '{n} pages',
  },
  environment: { production: 'Production', sandbox: 'Sandbox', open_sandbox: 'Open the sandbox phones and mailboxes' },
  error: {
    request_id: 'Request id: ', tries_left: ' ({tries} tries left)',
    offline: { title: 'No connection', advice: 'Check your network and try again.' },
    server: { title: 'Something went wrong on our side', advice: 'Your action was not completed. Try again in a moment.' },
    expired: { title: 'Your session has ended', advice: 'Log in again to continue.' },
    forbidden: { title: 'Not allowed', advice: 'You may not see this. Ask your organization’s administrator.' },
    missing: { title: 'Not found', advice: 'It does not exist, or you may not see it. Check the address or go to the start page.' },
    gone: { title: 'No longer valid', advice: 'Go to the start page to see the latest.' },
    conflict: { title: 'The status has changed', advice: 'Reload to see the latest status.' },
    limited: { title: 'Too many requests', advice: 'Wait a moment and try again.' },
    refused: { title: 'Not accepted', advice: 'Correct what is marked and try again.' },
  },
  status: {
    awaiting_me: 'Awaiting me', expiring: 'Expiring soon', awaiting_others: 'Awaiting others', in_progress: 'In progress', pending_approval: 'Pending approval',
    preparing: 'Preparing', stamping: 'Applying signature', completed: 'Completed', signed: 'Signed', declined: 'Declined', failed: 'Failed', draft: 'Draft',
    expired: 'Expired', withdrawn: 'Withdrawn', rescinding: 'Rescinding', rescinded: 'Rescinded', waiting: 'Not yet', called_off: 'No longer asked', rejected: 'Not approved', notified: 'Notified',
    running: 'Running', done: 'Done', dead: 'Dead', cancelled: 'Cancelled',
    incident: 'Incident', available: 'Ready', completing: 'Completing',
  },
  login: {
    title: 'Log in', intro: 'Use the phone number that received the signing SMS. No registration is needed.', phone: 'Phone number', phone_hint: 'Enter your phone number', phone_wrong: 'Enter an 11-digit phone number',
    code: 'Code', code_hint: 'Enter the 6-digit code', code_wrong: 'Enter the 6 digits of the code', get_code: 'Get code', again_in: 'Again in {seconds} s',
    sent: 'A code was sent and is valid for 10 minutes. A number that was never notified gets no SMS.', submit: 'Log in', expired: 'Your session has ended. Log in to continue.',
    for_contract: 'Next: the contract from {sender}', link_phone: 'Use the phone number {phone}', agree_hint: 'By logging in you say that it is you.',
  },
  link: {
    title: 'Invitation to sign', from: '{sender} invites you to sign a contract', to_phone: 'Sent to', safe: 'Make sure this is your own number. The contract is shown after you log in.', go: 'Log in and view',
    continue: 'View the contract', other_phone: 'Not your number? Ignore the SMS and do not forward the link.', go_login: 'Log in by phone', checking: 'Opening the link…',
  },
  session: { log_out: 'Log out', hello: 'Hello, {name}' },
  not_found: { title: 'Page not found', advice: 'Check the address or go to the start page.' },
  no_right: { title: 'Not allowed', advice: 'You may not see this page. Ask your organization’s administrator.' },
}
export default en
