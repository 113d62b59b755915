/** The operators' view of jobs and instances. */
import type zh from '../zh/ops'

const en: typeof zh = {
  ops: {
    title: 'Operations', queues: 'Queues', queue: 'Queue', depth: 'Waiting', running: 'Running', dead: 'Dead', oldest: 'Oldest', paused: 'Paused', active: 'Active', state: 'State', pause: 'Pause', resume: 'Resume', pause_confirm: 'Pause the queue “{queue}”? Its jobs are not run until it is resumed.',
    pause_title: 'Pause a queue', jobs: 'Jobs', kind: 'Kind', attempts: 'Attempts', run_at: 'Due', last_error: 'Last error', instance: 'Instance', retry: 'Retry', retried: 'Queued again', reason: 'Reason', decided: 'Decided', all_states: 'All states', all_queues: 'All queues', incidents: 'Incidents',
    no_incidents: 'No incidents', no_jobs: 'No jobs', instances: 'Instances', definition: 'Definition', status: 'Status', updated: 'Updated', history: 'History', timers: 'Timers', tasks: 'Tasks', instance_title: 'Instance {id}', due: 'Due', seq: 'No.', actor: 'Actor', event: 'Event', detail: 'Detail',
    current_state: 'State', contract: 'Contract', hash: 'Definition hash', key: 'Key', form: 'Form', since: 'Since', no_timers: 'No timers', no_tasks: 'No tasks', search_instance: 'Instance or contract id', refreshed: 'As of {time}', id: 'Id', item: 'Recipient', at: 'Time',
    retry_all: 'Retry all', discard: 'Discard', discard_title: 'Discard a job', discard_prompt: 'Say why (1 to 200 characters). It is kept in the audit log.', limits: 'Limits of vendors', provider: 'Vendor', limit: 'Limit', unlimited: 'None', rate: '{max} in {seconds} s', calls: 'Recent calls', held_back: 'Held back', blocked_until: 'Rests until',
    set: 'Set', rate_prompt: 'How many calls of “{provider}” a second? Empty for no limit.', rate_invalid: 'Enter a whole number from 1 to 999999, or nothing.', schedules: 'Schedules', schedule: 'Schedule', expression: 'When', last_tick: 'Last', next_tick: 'Next', run_now: 'Run now',
    refusals: 'Refused lately', rule: 'Rule', times: 'Times',
  },
  actor: { system: 'Platform', clock: 'Timer', worker: 'Job' },
  event: { started: 'Started', action: 'Action', job_result: 'Job result', timer_fired: 'Timer fired', migrated: 'Moved to another version' },
  refusal: {
    finished: 'The instance has ended', unknown_action_here: 'Not possible in this state', wrong_person: 'Not the person of the task', guard_refused: 'The condition does not hold', limit_reached: 'The counter is at its limit', unknown_item: 'No such recipient now',
    job_not_waited_for: 'Nothing waits for this job', unknown_outcome: 'The definition does not follow this outcome', stale_timer: 'The timer is no longer set', data_too_large: 'Too much data', expression_failed: 'An expression cannot be worked out', job_key_used: 'The job key is used', bad_input: 'The input is not usable',
    wrong_definition: 'Another definition', too_many_transitions: 'Too many transitions in a row', broken_definition: 'The definition is broken',
  },
  nav: { workbench: 'Workbench', contracts: 'Contracts', new: 'New contract', ops: 'Operations', menu: 'Main', user: 'User menu' },
  duration: { seconds: '{n} s', minutes: '{n} min', hours: '{n} h', days: '{n} d' },
}
export default en
