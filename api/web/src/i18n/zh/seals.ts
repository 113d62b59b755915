/** Seals and pictures of marks. */
export default {
  seals: {
    title: '印章管理', one: '印章', new: '新建印章', empty: '还没有印章', empty_hint: '企业签署合同需要印章。您可以用模板生成，或上传印章的照片、扫描件。', count: '{organization} · 共 {n} 枚（最多 {max} 枚）',
    enabled: '启用中', disabled: '已停用', state: '状态', size: '{width} × {height} 毫米', size_label: '尺寸', way: '制作方式', name: '印章名称', kind_label: '印章类型', shape_label: '印章形状', color_label: '印章颜色', width: '宽度（毫米）', width_usual: '按印章类型的常用尺寸',
    arc: '上弦文（认证的企业名称，不可修改）', text: '横向文字', digits: '下弦文数字', tax_number: '纳税人识别号', person: '法定代表人姓名', picture: '印章图片', picture_hint: 'JPG 或 PNG，不超过 5 MB。请在白纸上盖章后扫描或拍摄，光线均匀、没有阴影。', picture_first: '请先选择印章图片',
    fill_first: '请填写印章内容', preview: '印章预览', preview_hint: '预览与加盖到合同上的印章完全一致。', drawing: '正在生成…', save: '保存印章', made: '印章已创建。请在下方勾选可以使用它的成员。', rename: '修改名称', renamed: '名称已修改',
    impression_stays: '印章图案创建后不能修改，如需更换请新建印章并停用此印章。', who: '谁可以使用', who_hint: '勾选“使用”的成员签署合同时可以加盖此印章；勾选“管理”的成员可以改名、停用、授权和删除。', granted: '已更新 {name} 的权限', now_enabled: '印章已启用', now_disabled: '印章已停用',
    disable: '停用印章', disable_ask: '停用后立即不能再加盖此印章，已授权的成员也看不到它，已经盖好的合同不受影响。之后可以重新启用。', disable_confirm: '确认停用', enable: '启用印章',
    remove: '删除印章', remove_ask: '删除后不能恢复，也不能再查看此印章；已经盖好的合同不受影响，印章名称可以重新使用。', remove_confirm: '确认删除', removed: '印章已删除',
    kind: { official: '公章', contract: '合同专用章', finance: '财务专用章', invoice: '发票专用章', hr: '人事专用章', legal_rep: '法人章', other: '其他' },
    shape: { round: '圆形', oval: '椭圆形', triangle: '三角形', square: '方形' },
    color: { red: '红色', blue: '蓝色', black: '黑色' },
    source: { template: '模板生成', picture: '上传图片' },
    permission: { use: '使用', manage: '管理', use_of: '{name}可以使用', manage_of: '{name}可以管理' },
  },
  marks: { choose: '选择图片', choose_other: '换一张图片' },
}
