/** The operators' view of jobs and instances. */
export default {
  ops: {
    title: '运维', queues: '作业队列', queue: '队列', depth: '待执行', running: '执行中', dead: '已停止', oldest: '最久等待', paused: '已暂停', active: '运行中', state: '状态', pause: '暂停', resume: '恢复', pause_confirm: '暂停队列“{queue}”？暂停期间，其中的作业不会执行，直到恢复。',
    pause_title: '暂停队列', jobs: '作业', kind: '作业类型', attempts: '次数', run_at: '计划执行', last_error: '最后错误', instance: '流程实例', retry: '重试', retried: '已重新排队', reason: '原因', decided: '已处理', all_states: '全部状态', all_queues: '全部队列', incidents: '待处理的事件',
    no_incidents: '没有待处理的事件', no_jobs: '没有作业', instances: '流程实例', definition: '流程定义', status: '状态', updated: '更新时间', history: '事件历史', timers: '定时器', tasks: '人工任务', instance_title: '流程实例 {id}', due: '到期时间', seq: '序号', actor: '操作者', event: '事件', detail: '内容',
    current_state: '当前状态', contract: '合同', hash: '定义摘要', key: '键', form: '表单', since: '开始时间', no_timers: '没有定时器', no_tasks: '没有人工任务', search_instance: '实例或合同编号', refreshed: '{time} 更新', id: '编号', item: '参与方', at: '时间',
    retry_all: '全部重试', discard: '放弃', discard_title: '放弃作业', discard_prompt: '请填写放弃的原因（1 至 200 字），该操作会写入审计日志。', limits: '外部服务限速', provider: '服务商', limit: '上限', unlimited: '不限', rate: '{seconds} 秒内最多 {max} 次', calls: '近期调用', held_back: '限速等待', blocked_until: '暂停至',
    set: '设置', rate_prompt: '“{provider}”每秒最多调用多少次？留空表示不限。', rate_invalid: '请输入 1 至 999999 的整数，或留空。', schedules: '定时计划', schedule: '计划', expression: '时间', last_tick: '上次', next_tick: '下次', run_now: '立即执行',
    refusals: '最近被拒绝的事件', rule: '规则', times: '次数',
  },
  actor: { system: '平台', clock: '定时器', worker: '作业' },
  event: { started: '开始', action: '人工操作', job_result: '作业结果', timer_fired: '定时器到期', migrated: '迁移版本' },
  refusal: {
    finished: '实例已结束', unknown_action_here: '当前状态不支持该操作', wrong_person: '不是该任务的处理人', guard_refused: '条件不满足', limit_reached: '已达次数上限', unknown_item: '参与方不在处理中',
    job_not_waited_for: '没有等待该作业', unknown_outcome: '流程未定义该结果的去向', stale_timer: '定时器已失效', data_too_large: '数据过大', expression_failed: '表达式无法计算', job_key_used: '作业键已使用', bad_input: '输入不可用',
    wrong_definition: '流程定义不符', too_many_transitions: '连续流转过多', broken_definition: '流程定义有误',
  },
  nav: { workbench: '工作台', contracts: '合同协议', new: '发起合同', ops: '运维', menu: '主导航', user: '用户菜单' },
  duration: { seconds: '{n} 秒', minutes: '{n} 分钟', hours: '{n} 小时', days: '{n} 天' },
}
