/** Words that all pages share. */
export default {
  app: { name: 'Sealflow 电子签署', short: 'Sealflow' },
  common: {
    loading: '正在加载…', retry: '重试', cancel: '取消', confirm: '确定', back: '返回', close: '关闭', next: '下一步', previous: '上一步',
    search: '搜索', reset: '重置', download: '下载', all: '全部', more: '展开',
    empty: '暂无数据', colon: '：', none: '—', home: '返回首页', optional: '选填', no_more: '没有更多了', language: 'English',
    offline: '网络已断开。已填写的内容会保存在本机，恢复后自动提交。', skip: '跳到主要内容', bytes: '{size} MB', bytes_small: '{size} KB',
    pages: '{n} 页',
  },
  environment: { production: '生产环境', sandbox: '沙箱环境', open_sandbox: '打开沙箱的手机与邮箱' },
  error: {
    request_id: '请求编号：', tries_left: '（还可输入 {tries} 次）',
    offline: { title: '网络连接失败', advice: '请检查网络后重试。' },
    server: { title: '系统出现问题', advice: '您的操作没有完成，请稍后重试。' },
    expired: { title: '登录已失效', advice: '请重新登录后继续操作。' },
    forbidden: { title: '没有权限', advice: '您没有权限查看此内容，如需开通请联系企业管理员。' },
    missing: { title: '没有找到', advice: '内容不存在，或您无权查看。请检查地址，或返回首页。' },
    gone: { title: '内容已失效', advice: '请返回首页查看最新内容。' },
    conflict: { title: '状态已改变', advice: '请刷新后查看最新状态。' },
    limited: { title: '操作过于频繁', advice: '请稍后再试。' },
    refused: { title: '提交未通过', advice: '请按提示修改后重试。' },
  },
  status: {
    awaiting_me: '需要我签署', expiring: '即将过期', awaiting_others: '待他人签署', in_progress: '签署中', pending_approval: '审批中',
    preparing: '准备中', stamping: '加盖签名中', completed: '已完成', signed: '已签署', declined: '已拒签', failed: '失败', draft: '草稿',
    expired: '已过期', withdrawn: '已撤回', rescinding: '解约中', rescinded: '已解约', waiting: '未轮到', called_off: '无需签署', rejected: '审批未通过', notified: '已通知',
    running: '执行中', done: '已完成', dead: '已停止', cancelled: '已取消',
    incident: '待处理', available: '待执行', completing: '正在完成',
  },
  login: {
    title: '登录', intro: '使用接收签署短信的手机号登录，无需注册。', phone: '手机号码', phone_hint: '请输入手机号', phone_wrong: '请输入 11 位手机号码',
    code: '验证码', code_hint: '请输入 6 位验证码', code_wrong: '请输入 6 位数字验证码', get_code: '获取验证码', again_in: '{seconds} 秒后可重新获取',
    sent: '验证码已发送，10 分钟内有效。若号码未收到过签署通知，将不会收到短信。', submit: '登录', expired: '登录已失效，请重新登录后继续。',
    for_contract: '登录后将前往：{sender} 发来的合同', link_phone: '请使用手机号 {phone} 登录', agree_hint: '登录即表示您本人正在操作。',
  },
  link: {
    title: '合同签署邀请', from: '{sender} 邀请您签署合同', to_phone: '收件手机号', safe: '请确认这是您本人的手机号。登录后才能查看合同内容。', go: '登录并查看合同',
    continue: '查看合同', other_phone: '不是我的手机号？请忽略此短信，不要转发链接。', go_login: '用手机号登录', checking: '正在打开链接…',
  },
  session: { log_out: '退出登录', hello: '{name}，您好' },
  not_found: { title: '页面不存在', advice: '请检查地址，或返回首页。' },
  no_right: { title: '没有权限', advice: '您没有查看此页面的权限，如需开通请联系企业管理员。' },
}
