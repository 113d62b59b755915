/** Seals and pictures of marks. */
import type zh from '../zh/seals'

const en: typeof zh = {
  seals: {
    title: 'Seals', one: 'Seal', new: 'New seal', empty: 'There is no seal yet', empty_hint: 'An organization signs with a seal. Draw one from a template, or upload a photo or scan of yours.', count: '{organization} · {n} seals ({max} at most)',
    enabled: 'Enabled', disabled: 'Disabled', state: 'State', size: '{width} × {height} mm', size_label: 'Size', way: 'Made from', name: 'Name', kind_label: 'Kind', shape_label: 'Shape', color_label: 'Colour', width: 'Width (mm)', width_usual: 'As usual for its kind',
    arc: 'Upper text (the verified name, fixed)', text: 'Text in the middle', digits: 'Number at the foot', tax_number: 'Tax number', person: 'Legal representative’s name', picture: 'Picture of the seal', picture_hint: 'JPG or PNG, at most 5 MB. Stamp it on white paper and scan it, or take a photo in even light without shadows.', picture_first: 'Choose a picture of the seal first',
    fill_first: 'Fill in what the seal shows', preview: 'Preview of the seal', preview_hint: 'This is exactly what will be put on contracts.', drawing: 'Drawing…', save: 'Save the seal', made: 'The seal was made. Tick below who may use it.', rename: 'Rename', renamed: 'The name was changed',
    impression_stays: 'What a seal shows cannot be changed. To replace it, make another one and disable this.', who: 'Who may use it', who_hint: 'Who may use it can put it on contracts; who may manage it can rename, disable, grant and remove it.', granted: 'The rights of {name} were changed', now_enabled: 'The seal is enabled', now_disabled: 'The seal is disabled',
    disable: 'Disable', disable_ask: 'It can no longer be put on contracts from now on, and those who may use it no longer see it. What was sealed stays as it is. You can enable it again.', disable_confirm: 'Disable now', enable: 'Enable',
    remove: 'Remove', remove_ask: 'It cannot be brought back or looked at again. What was sealed stays as it is, and the name can be given to another seal.', remove_confirm: 'Remove now', removed: 'The seal was removed',
    kind: { official: 'Official seal', contract: 'Contract seal', finance: 'Finance seal', invoice: 'Invoice seal', hr: 'HR seal', legal_rep: 'Legal representative’s seal', other: 'Other' },
    shape: { round: 'Round', oval: 'Oval', triangle: 'Triangle', square: 'Square' },
    color: { red: 'Red', blue: 'Blue', black: 'Black' },
    source: { template: 'A template', picture: 'A picture' },
    permission: { use: 'Use', manage: 'Manage', use_of: '{name} may use it', manage_of: '{name} may manage it' },
  },
  marks: { choose: 'Choose a picture', choose_other: 'Choose another one' },
}
export default en
