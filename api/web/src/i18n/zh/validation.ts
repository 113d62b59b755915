/** What signatures are worth. */
export default {
  validation: {
    title: '验签', intro: '选择一份 PDF，查验其中的电子签名：是谁签的、何时签的、签署后是否被改动。', choose: '选择 PDF 文件', limits: '单个文件不超过 50 MB。文件只用于查验，不会保存。',
    busy: '正在查验 {name}，并向签发机构核对证书状态…', none: '文件没有电子签名', passed: '{n} 个签名全部有效', failed: '有签名无效，请勿采信', unclear: '有签名无法判定',
    trust: '只信任本平台设置的签发机构。其他机构签发的证书会显示为“无法判定”，不代表签名是假的。',
    signature: '电子签名', document_timestamp: '文档时间戳', unknown_signer: '未知签署人', verdict_passed: '有效', verdict_failed: '无效', verdict_unclear: '无法判定',
    coverage: '完整性', covers_all: '签名覆盖整个文件，签署后没有任何改动', covers_part: '签署后另有 {n} 处允许的追加', timestamp: '可信时间', claimed_time: '自称时间', untrusted: '不可信', level: '签名级别',
    certificates: '证书状态', certificate: '证书摘要', status_good: '有效，未吊销', status_revoked: '已吊销', status_unknown: '未能查到', allowed_changes: '签署后的 {n} 处允许的追加',
    change: {
      field_filled: '填写预设字段', signature_added: '后续签名', timestamp_added: '追加文档时间戳', signature_field_added: '新增签名位', metadata_changed: '追加验证信息', form_fonts_added: '表单追加字体', page_changed: '页面被改动', object_changed: '内容被改动',
      field_changed: '字段被改动', locked_field_changed: '锁定的字段被改动', field_added: '被加入字段', catalog_changed: '文档结构被改动', catalog_replaced: '文档结构被替换', revisions_replaced: '修订记录被替换', revision_not_plain: '追加的修订不合规范', form_changed: '表单被改动',
      form_replaced: '表单被替换', signature_changed: '签名被改动', hidden_object_shown: '隐藏内容被显示', encryption_changed: '加密设置被改动', white_space_added: '文件末尾多了空白',
    },
  },
}
