/** The signer's way. */
export default {
  document: { page: '第 {page} 页', page_failed: '本页显示失败，点此重试', opening: '正在打开文件…', failed: '文件“{name}”无法打开', zoom_in: '放大', zoom_out: '缩小' },
  step: {
    label: '签署步骤', agreement: '签署协议', reading: '阅读合同', sign: '填写签署', intent: '意愿认证', at: '第 {at} 步，共 {of} 步', left: '还剩 {left} 步', last: '最后一步',
    done: '已完成', current: '当前步骤', todo: '未开始',
  },
  agreement: { title: '签署前协议', intro: '请阅读以下协议，同意后才能继续签署。', accept: '同意并继续', scroll: '请阅读到协议末尾' },
  reading: {
    progress: '已读 {read}/{total} 页', wait: '请继续阅读 {seconds} 秒', to_end: '请阅读到最后一页', finish: '已阅读，下一步',
  },
  field: {
    kind: { signature: '签名', seal: '印章', date: '日期', text: '文本', legal_rep_seal: '法人章', cross_page_seal: '骑缝章' },
    hint: { signature: '点此签名', seal: '点此盖章', date: '点此填日期', text: '点此填写', legal_rep_seal: '点此盖法人章', cross_page_seal: '点此盖骑缝章' },
    slice: '（骑缝第 {n}/{of} 部分）',
    label_empty: '第 {page} 页，{kind}，未填写', label_filled: '第 {page} 页，{kind}，已填写，点按可修改',
  },
  sign: {
    title: '签署', next_field: '下一处（剩 {n} 处）', submit: '立即签署', all_done: '全部 {n} 处已填写', none: '本合同没有需要您填写的位置，请直接签署。', left: '还有 {n} 处未填写',
    decline: '拒签', saved: '已保存', saving: '正在保存…', offline: '未联网，内容已保存在本机', refused: '有内容未能保存', refused_field: '第 {page} 页的{kind}', choose_seal: '选择印章', no_seal: '您没有可用的印章，请联系企业管理员授权。',
    choose_signature: '选择签名', use_last: '使用刚才的签名', draw_new: '重新手写', text_title: '填写文本', text_hint: '请输入内容', text_limit: '最多 {n} 个字', use: '使用',
    upload: '上传签名图片', cleaning: '正在识别签名…', photo_hint: '请在白纸上签名并拍照，光线均匀、字迹清晰。支持 JPG、PNG，不超过 5 MB。', photo_check: '请核对签名是否完整清晰，如有缺失请换一张图片。', draw_instead: '改为手写签名', kept: '已保存的签名图片', kept_one: '签名图片 {n}', remove: '删除', remove_one: '删除签名图片 {n}',
    date_set: '已填写今天的日期', clear: '清除',
  },
  pad: { title: '手写签名', hint: '请在此处签名', undo: '撤销', clear: '清除', confirm: '使用此签名', too_little: '笔迹太少，请完整签名' },
  intent: {
    intro: '请确认由您本人自愿签署以下合同。', contract: '合同', documents: '文件', sender: '发起方', signer: '签署人', sms: '短信验证码', to: '验证码将发送至 {phone}',
    sent: '验证码已发送至 {phone}，10 分钟内有效。', get_code: '获取验证码', again: '{seconds} 秒后可重新获取', confirm: '确认签署', confirm_hint: '确认后将使用您的数字证书签署，签署后不能修改。',
    back: '返回修改', label: '6 位短信验证码',
  },
  done: {
    called_off_title: '无需签署', called_off: '其他参与方的签署已满足要求，您不需要再签署。', stamping_title: '正在加盖签名…', stamping: '正在为文件加盖数字签名和时间戳，一般几秒钟完成。您可以离开此页，签署会继续进行。', signed_title: '已签署', signed: '您已完成签署。全部参与方签署完成后，您会收到短信通知。',
    all_signed: '全部参与方已签署完成。', download: '下载合同', details: '查看合同', next: '签署下一份', home: '返回首页', slow: '用时比平时长，仍在处理中，不需要重新签署。',
    declined_title: '已拒签', declined: '该合同已被拒签，不能继续签署。', withdrawn_title: '合同已撤回', withdrawn: '发起方已撤回该合同，无需签署。',
    expired_title: '合同已过期', expired: '该合同已超过截止时间，如需签署请联系发起方。', completed_title: '合同已完成', completed: '该合同已全部签署完成。', waiting_title: '还没有轮到您', waiting: '前面的参与方签署后，您会收到短信通知。',
  },
  decline: {
    title: '拒签', intro: '拒签后合同立即终止，发起方和其他参与方会收到通知。此操作不能撤销。', reason: '拒签原因', required: '请填写拒签原因', confirm: '确认拒签',
  },
}
