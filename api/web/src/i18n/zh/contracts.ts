/** Lists, details and starting of contracts. */
export default {
  home: { title: '首页', search: '搜索合同名称', sign: '去签署', empty_awaiting_me: '没有需要您签署的合同', empty_awaiting_others: '没有等待他人签署的合同', empty_completed: '还没有已完成的合同', empty_all: '还没有合同', empty_search: '没有找到与“{query}”有关的合同', empty_hint: '收到签署短信后，合同会出现在这里。' },
  view: {
    all: '全部文件', awaiting_me: '需要我签署', awaiting_others: '待他人签署', completed: '已完成', expired: '已过期', rescinding: '解约中', withdrawn: '已撤回',
    declined: '已拒签', rescinded: '已解约', draft: '草稿箱', cc: '抄送我的',
  },
  contracts: {
    title: '合同协议', new: '发起合同', name: '合同名称', source: '合同来源', sender: '发起方', sent_at: '发送时间', created_at: '创建时间', status: '签署状态', actions: '操作', details: '详情',
    sign: '去签署', edit: '继续编辑', from: '开始日期', to: '结束日期', source_sent: '本企业发起', source_received: '外部发来', tabs: '合同状态', list: '合同列表',
    empty_start: '发起第一份合同',
  },
  workbench: { title: '工作台', awaiting: '待签署列表', recent: '最近的合同', awaiting_empty: '没有需要您签署的合同', all: '查看全部', greeting: '{name}，您好', awaiting_count: '您有 {n} 份合同待签署' },
  contract: {
    title: '合同详情', documents: '合同文件', recipients: '参与方', progress: '签署进度', timeline: '操作记录', sender: '发起方', created: '创建时间', sent: '发送时间', deadline: '截止时间', completed: '完成时间',
    no_deadline: '未设置', signed_at: '{time} 签署', revision: '第 {n} 版', withdraw: '撤回', remind: '催签', sign: '去签署', edit: '继续编辑', download: '下载', sha256: 'SHA-256 摘要',
    withdraw_title: '撤回合同', withdraw_intro: '撤回后所有参与方都不能再签署，已签署的人会收到通知。此操作不能撤销。', withdraw_reason: '撤回原因', withdraw_reason_required: '请填写撤回原因', withdraw_confirm: '确认撤回', withdrawn: '合同已撤回',
    reminded: '已向当前签署人发送提醒', order: '第 {n} 位', me: '我', waiting_for: '等待 {name} 签署', waits_timestamp_authority: '签署已确认，正在等待时间戳服务恢复。系统会自动完成，无需再次操作。', waits_signing_key: '签署已确认，正在等待签名密钥设备恢复。系统会自动完成，无需再次操作。', waits_certificate_authority: '签署已确认，正在等待证书签发服务恢复。系统会自动完成，无需再次操作。', waits_operator: '处理时出现问题，需要平台运营人员处理。已确认的内容不会丢失，无需再次操作。',
  },
  timeline: {
    platform: '平台', created: '创建合同', sent: '发出合同', notified: '发送签署通知', not_notified: '签署通知未能送达', agreement_accepted: '同意签署协议', reading_finished: '完成阅读', confirmed: '意愿认证通过',
    signed: '完成签署', not_signed: '签名未能加盖，需重新确认', reminded: '催签', declined: '拒签', withdrawn: '撤回合同', expired: '合同过期', completed: '全部签署完成',
  },
  compose: {
    title: '发起合同', files: '上传文件', type: '业务类型', recipients: '参与方', placing: '签署位置', review: '核对发送', steps: '发起步骤', file_intro: '支持 PDF、Word（.docx）文件和 JPG、PNG 图片，单个不超过 50 MB。一次选择的多张图片按文件名顺序合为一个文件。', choose_file: '选择文件', drop: '将文件拖到此处，或', uploading: '正在上传 {percent}%', checking: '正在检查文件…', uploaded: '已上传',
    waiting: '待上传', failed: '未能上传', too_large: '文件超过 50 MB，请压缩或拆分后重新上传。', not_pdf: '不支持此文件格式，请上传 PDF、Word（.docx）文件或 JPG、PNG 图片。', old_word: '文件已加密或为旧版 Office 格式，请去除密码并另存为 .docx 或 PDF 后重新上传。', choose_other: '重新选择', empty_file: '文件是空的，请检查后重新上传。', made_of_word: '已由 Word 文件转换为 PDF，请核对版式后再发送。', made_of_pictures: '已由图片转换为 PDF，请核对页面顺序和清晰度。', remove: '移除', files_needed: '请至少上传一个文件', name: '合同名称', name_hint: '例如：示例采购合同', name_needed: '请填写合同名称',
    type_intro: '业务类型决定参与方、签署前步骤和签署位置。', type_needed: '请选择业务类型', no_types: '还没有可用的业务类型，请联系管理员。', version: '第 {n} 版', deadline: '截止时间', deadline_default: '不填写则按业务类型，发送后 {days} 天', deadline_past: '截止时间必须晚于现在',
    recipient_name: '姓名', transactor_name: '经办人姓名', phone: '手机号码', organization: '企业', choose_organization: '请选择企业', name_required: '请填写姓名', phone_wrong: '请输入 11 位手机号码', organization_needed: '请选择企业', kind_person: '个人', kind_organization: '企业', order_hint: '将按以下顺序依次通知签署。', same_phone: '同一手机号不能代表两个参与方',
    no_organizations: '没有可选的企业', review_intro: '请核对以下内容。发送后，第一位签署人会立即收到短信。', send: '确认发送', sent: '合同已发出', save_draft: '已保存为草稿', leave: '离开此页？已保存的草稿可在草稿箱中继续。', sender_needed: '您没有发起合同的权限',
    file_list: '文件列表', repaired: '文件已损坏，系统已自动修复。发送前请逐页核对内容是否完整。', sending_organization: '发起企业', days: '{n} 天',
  },
  placing: {
    intro: '虚线框是业务类型规定的签署区，发送时自动添加到每个文件，不能移动。如需更多，请选择参与方，在页面上添加。', for_whom: '为谁添加', kinds: '添加', add: '添加{kind}', document: '文件', page: '页码', of_pages: '共 {n} 页', preview: '文件预览', list: '已添加的签署区', list_empty: '还没有另外添加的签署区，可直接进行下一步。',
    keys: '选中后可拖动，拖右下角改变大小，或用方向键移动 1 毫米（按住 Shift 为 10 毫米），按 Delete 键移除。', box: '{role}，{kind}，第 {page} 页，距左 {x} 毫米，距上 {y} 毫米', box_across: '{role}，{kind}，第 {from} 页至第 {to} 页，距上 {y} 毫米', by_type: '{role} · {kind}（业务类型规定）', remove: '移除', removed: '已移除{kind}', full: '最多添加 {n} 个签署区',
    settings: '设置', every_document: '加在每个文件上', from_page: '起始页', to_page: '结束页', to_last: '最后一页', edge: '骑缝位置', edges: { right: '右侧（左侧装订）', left: '左侧（右侧装订）' }, x: '距左（毫米）', y: '距上（毫米）', w: '宽（毫米）', h: '高（毫米）', seal_kind: '印章类型', seal_any: '不限', sized: '{kind}，宽 {w} 毫米，高 {h} 毫米',
    font: '字体', fonts: { sans: '黑体', serif: '宋体' }, size: '字号（磅）', size_auto: '自动', color: '颜色', colors: { black: '黑色', red: '红色', blue: '蓝色' }, align: '对齐', aligns: { left: '左对齐', center: '居中', right: '右对齐' }, overflow: '文字过长时', overflows: { shrink: '缩小字号', wrap: '自动换行', refuse: '不允许填写' },
    page_missing: '文件没有这一页，请修改页码或移除。', span_pages: '骑缝章须覆盖 2 至 500 页，请修改页码，只加在页数合适的文件上，或移除。', check: '有签署区不能这样添加，请按提示修改。', fix: '去调整签署位置', where: '第 {page} 页', where_across: '第 {from}–{to} 页',
  },
}
