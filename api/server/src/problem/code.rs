//! Every refusal that the API knows, with its status and its words: what happened, and what to do next.

use axum::http::StatusCode;

/// The words for one language.
#[derive(Debug, Clone, Copy)]
pub struct Words {
    /// What happened, in a few words.
    pub title: &'static str,
    /// What to do next, in a sentence.
    pub detail: &'static str,
}

macro_rules! codes {
    ($($name:ident $text:literal $status:ident
        zh: $zh_title:literal, $zh_detail:literal;
        en: $en_title:literal, $en_detail:literal;)*) => {
        /// Why a request was refused. Clients decide by this, never by the words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $en_title] $name,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word in the problem's `code` and at the end of its `type`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status it is answered with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// The Chinese words.
            #[must_use]
            pub const fn zh(self) -> Words {
                match self { $(Self::$name => Words { title: $zh_title, detail: $zh_detail },)* }
            }

            /// The English words.
            #[must_use]
            pub const fn en(self) -> Words {
                match self { $(Self::$name => Words { title: $en_title, detail: $en_detail },)* }
            }
        }
    };
}

codes! {
    // The request itself -----------------------------------------------------------------------------------------
    BadRequest "bad_request" BAD_REQUEST
        zh: "请求无法识别", "请刷新页面后重试。";
        en: "The request was not understood", "Reload the page and try again.";
    InvalidFields "invalid_fields" UNPROCESSABLE_ENTITY
        zh: "填写的内容有误", "请按提示修改后重新提交。";
        en: "Some entries are not valid", "Correct the entries that are marked and submit again.";
    NotSignedIn "not_signed_in" UNAUTHORIZED
        zh: "尚未登录或登录已失效", "请重新登录后继续操作。";
        en: "You are not signed in", "Log in and continue.";
    Forbidden "forbidden" FORBIDDEN
        zh: "没有权限", "您没有执行此操作的权限，如需开通请联系企业管理员。";
        en: "Not allowed", "You do not have the right to do this. Ask your organization's administrator.";
    CrossSite "cross_site_request" FORBIDDEN
        zh: "请求来源不被信任", "请从本平台的页面进行操作。";
        en: "The request came from another site", "Use this platform's own pages.";
    NotFound "not_found" NOT_FOUND
        zh: "没有找到", "内容不存在，或您无权查看。请检查地址，或返回首页。";
        en: "Not found", "It does not exist, or you may not see it. Check the address or go back to the start page.";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED
        zh: "不支持的操作", "请刷新页面后重试。";
        en: "Method not allowed", "Reload the page and try again.";
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE
        zh: "不支持的内容格式", "请刷新页面后重试。";
        en: "Unsupported content type", "Send JSON, or multipart for files.";
    PayloadTooLarge "payload_too_large" PAYLOAD_TOO_LARGE
        zh: "提交的内容过大", "请减少内容后重试。";
        en: "The request is too large", "Send less at once.";
    Internal "internal" INTERNAL_SERVER_ERROR
        zh: "系统出现问题", "您的操作没有完成，请稍后重试。若仍未解决，请将请求编号提供给客服。";
        en: "Something went wrong on our side", "Nothing was lost. Try again in a moment; if it happens again, give support the request id.";
    Unavailable "unavailable" SERVICE_UNAVAILABLE
        zh: "服务暂时繁忙", "请稍后重试。";
        en: "The service is busy", "Try again in a moment.";
    FilesAtOnce "files_at_once" TOO_MANY_REQUESTS
        zh: "您的其他文件正在处理中", "请等前面的文件处理完成后再试。";
        en: "Your other files are still under way", "Wait until they are done, then try again.";

    // Links and signing in ---------------------------------------------------------------------------------------
    LinkUnknown "link_unknown" NOT_FOUND
        zh: "链接无效", "请完整复制短信中的链接，或直接用接收短信的手机号登录。";
        en: "This link is not known", "Copy the whole link from the SMS, or log in with the phone number that received it.";
    LinkExpired "link_expired" GONE
        zh: "链接已过期", "请用接收短信的手机号登录查看，或联系发起方。";
        en: "This link has expired", "Log in with the phone number that received it, or contact the sender.";
    LinkUsed "link_used" GONE
        zh: "您已完成签署", "请用接收短信的手机号登录后查看合同。";
        en: "You have already signed", "Log in with the phone number that received the link to view the contract.";
    CodeLimit "code_limit" TOO_MANY_REQUESTS
        zh: "验证码获取过于频繁", "请在提示的时间之后再次获取。";
        en: "Too many codes were requested", "Wait for the time shown, then ask again.";
    CodeWrong "code_wrong" UNAUTHORIZED
        zh: "验证码不正确", "请核对最新一条短信中的验证码后重新输入。";
        en: "The code is not right", "Check the code in the latest SMS and enter it again.";
    CodeExpired "code_expired" UNAUTHORIZED
        zh: "验证码已失效", "请重新获取验证码。";
        en: "The code is no longer valid", "Ask for a new code.";
    IntentCodeWrong "code_wrong" UNPROCESSABLE_ENTITY
        zh: "验证码不正确", "请核对最新一条短信中的验证码后重新输入。";
        en: "The code is not right", "Check the code in the latest SMS and enter it again.";
    IntentCodeExpired "code_expired" UNPROCESSABLE_ENTITY
        zh: "验证码已失效", "请重新获取验证码。";
        en: "The code is no longer valid", "Ask for a new code.";
    TooManyTries "too_many_tries" TOO_MANY_REQUESTS
        zh: "验证码输错次数过多", "该验证码已作废，请重新获取。";
        en: "Too many wrong codes", "This code no longer counts. Ask for a new one.";

    // Preparing and sending --------------------------------------------------------------------------------------
    ContractTypeUnknown "contract_type_unknown" UNPROCESSABLE_ENTITY
        zh: "业务类型不存在", "请重新选择业务类型。";
        en: "This contract type is not known", "Choose another contract type.";
    ContractTypeUnavailable "contract_type_unavailable" UNPROCESSABLE_ENTITY
        zh: "该业务类型暂不可用", "平台尚未提供所需的功能，请选择其他业务类型。";
        en: "This contract type cannot be used yet", "It needs what the platform does not offer. Choose another contract type.";
    RoleUnknown "role_unknown" UNPROCESSABLE_ENTITY
        zh: "参与方角色不符", "所选业务类型中没有此角色，请重新选择。";
        en: "A role is not part of the contract type", "Choose a role that the contract type has.";
    RolesUnfilled "roles_unfilled" UNPROCESSABLE_ENTITY
        zh: "参与方不完整", "请为业务类型中的每个角色填写一个参与方。";
        en: "Some roles have no recipient", "Name one recipient for each role of the contract type.";
    NoRecipients "no_recipients" UNPROCESSABLE_ENTITY
        zh: "还没有签署方", "请至少添加一个签署方后再发送。";
        en: "There is no signer", "Add at least one signer before sending.";
    NoDocuments "no_documents" UNPROCESSABLE_ENTITY
        zh: "还没有合同文件", "请至少上传一个 PDF 文件后再发送。";
        en: "There is no document", "Upload at least one PDF before sending.";
    TooManyDocuments "too_many_documents" UNPROCESSABLE_ENTITY
        zh: "合同文件过多", "请删除不需要的文件后再上传。";
        en: "Too many documents", "Remove one before you upload another.";
    PlacementMissing "placement_missing" UNPROCESSABLE_ENTITY
        zh: "签署区放不下", "业务类型规定的签署区不在文件页面之内，请更换文件或业务类型。";
        en: "A field has no place", "The contract type places a field on a page that the document does not have. Change the document or the contract type.";
    FieldMisplaced "field_misplaced" UNPROCESSABLE_ENTITY
        zh: "签署区位置有误", "您添加的签署区超出了文件页面，请调整位置后重新发送。";
        en: "A field has no place", "A field that you added is on no page of the document, or beyond its edge. Move it and send again.";
    CrossPagePages "cross_page_seal_pages" UNPROCESSABLE_ENTITY
        zh: "不能加盖骑缝章", "骑缝章须覆盖 2 至 500 页，请移除骑缝章，或更换页数合适的文件。";
        en: "The cross-page seal cannot be placed", "It goes over 2 to 500 pages. Remove it, or choose a document with more pages.";
    OrganizationUnusable "organization_unusable" UNPROCESSABLE_ENTITY
        zh: "该企业不能签署", "企业不在平台上或没有启用的印章，请更换企业或联系其管理员。";
        en: "This organization cannot sign", "It is not on the platform or has no enabled seal. Choose another one or contact its administrator.";
    TransactorNotMember "transactor_not_member" UNPROCESSABLE_ENTITY
        zh: "经办人不属于该企业", "请填写该企业经办人的手机号，或联系其管理员添加成员。";
        en: "The transactor does not belong to the organization", "Give the phone number of a transactor of that organization, or ask its administrator to add the person.";
    NotDraft "not_draft" CONFLICT
        zh: "合同已发出", "已发出的合同不能再修改，如需变更请撤回后重新发起。";
        en: "The contract has been sent", "It can no longer be changed. Withdraw it and start a new one.";
    NotInProgress "not_in_progress" CONFLICT
        zh: "合同不在签署中", "合同状态已改变，请刷新后查看。";
        en: "The contract is not in progress", "Its status has changed. Reload to see it.";
    RemindTooSoon "remind_too_soon" TOO_MANY_REQUESTS
        zh: "刚刚已催签过", "请在提示的时间之后再次催签。";
        en: "A reminder was just sent", "Wait for the time shown before you remind again.";

    RemindLimit "remind_limit" TOO_MANY_REQUESTS
        zh: "催签次数已达上限", "请直接联系对方，或撤回后重新发起。";
        en: "No more reminders", "Contact the recipient directly, or withdraw the contract and start anew.";
    KeyReused "idempotency_key_reused" CONFLICT
        zh: "请求重复", "该请求编号已用于其他操作，请刷新页面后重试。";
        en: "The idempotency key was used for something else", "Use a new key for a new intent.";

    // Files ------------------------------------------------------------------------------------------------------
    FileMissing "file_missing" UNPROCESSABLE_ENTITY
        zh: "没有收到文件", "请选择一个文件后重新上传。";
        en: "No file was received", "Choose a file and upload it again.";
    FileTooLarge "file_too_large" PAYLOAD_TOO_LARGE
        zh: "文件过大", "单个文件不能超过 50 MB，请压缩或拆分后重新上传。";
        en: "The file is too large", "A file may have at most 50 MB. Compress or split it and upload again.";
    FileNotPdf "file_not_pdf" UNPROCESSABLE_ENTITY
        zh: "不支持此文件格式", "请上传 PDF、Word（.docx）文件或 JPG、PNG 图片。";
        en: "This kind of file is not taken", "Upload a PDF, a Word file (.docx), or JPG or PNG pictures.";
    FileEncrypted "file_encrypted" UNPROCESSABLE_ENTITY
        zh: "文件已加密", "请去除 PDF 的密码或权限限制后重新上传。";
        en: "The file is encrypted", "Remove the PDF's password or restrictions and upload it again.";
    FileEmpty "file_empty" UNPROCESSABLE_ENTITY
        zh: "文件是空的", "文件没有内容或没有页面，请检查后重新上传。";
        en: "The file is empty", "It has no content or no pages. Check it and upload it again.";
    FileDamaged "file_damaged" UNPROCESSABLE_ENTITY
        zh: "文件已损坏", "请用 PDF 阅读器打开并另存后重新上传。";
        en: "The file is damaged", "Open it in a PDF reader, save it anew and upload it again.";
    FileTooManyPages "file_too_many_pages" UNPROCESSABLE_ENTITY
        zh: "文件页数过多", "请拆分文件后重新上传。";
        en: "The file has too many pages", "Split it and upload the parts.";
    FileSigned "file_signed" UNPROCESSABLE_ENTITY
        zh: "文件已含有数字签名", "请上传尚未签名的原始 PDF。";
        en: "The file is signed already", "Upload the PDF as it was before it was signed.";
    FileSignedDamaged "file_signed_damaged" UNPROCESSABLE_ENTITY
        zh: "已签名的文件已损坏", "已签名的文件不会被修复，否则签名会失效。请取得未损坏的原文件。";
        en: "The file is signed, and damaged", "A signed file is not repaired, as that would break its signatures. Get the undamaged original.";
    FileDynamicForm "file_dynamic_form" UNPROCESSABLE_ENTITY
        zh: "文件是动态表单", "请用 PDF 阅读器打印为普通 PDF 后重新上传。";
        en: "The file is a dynamic form", "Print it to a plain PDF and upload that.";
    FileTooComplex "file_too_complex" UNPROCESSABLE_ENTITY
        zh: "文件无法处理", "文件结构过于复杂，请用 PDF 阅读器打印为新的 PDF 后重新上传。";
        en: "The file cannot be processed", "It is too complex. Print it to a new PDF and upload that.";

    FilePictureUnusable "file_picture_unusable" UNPROCESSABLE_ENTITY
        zh: "图片无法使用", "图片已损坏或格式特殊，请重新拍摄，或另存为 JPG 后上传。";
        en: "The picture cannot be used", "It is damaged or of an unusual kind. Take it again, or save it as JPG and upload that.";
    FilePictureTooLarge "file_picture_too_large" UNPROCESSABLE_ENTITY
        zh: "图片过大", "单张图片不能超过 5000 万像素、30 MB，每次不超过 100 张，请缩小后重新上传。";
        en: "The picture is too large", "A picture may have at most 50 million pixels and 30 MB, and a file 100 pictures. Make it smaller and upload again.";
    FilesMixed "files_mixed" UNPROCESSABLE_ENTITY
        zh: "不能合并为一个文件", "只有图片可以多张合并为一个文件，其他文件请逐个上传。";
        en: "These do not make one file", "Only pictures are joined into one file. Upload the others one by one.";
    FileWordUnusable "file_word_unusable" UNPROCESSABLE_ENTITY
        zh: "Word 文件无法转换", "文件可能含有宏、已加密或已损坏，请另存为 PDF 后重新上传。";
        en: "The Word file cannot be converted", "It may have macros, be encrypted or damaged. Save it as PDF and upload that.";
    FileWordOld "file_word_old" UNPROCESSABLE_ENTITY
        zh: "文件已加密或为旧版 Office 格式", "请去除密码，另存为 .docx 或 PDF 后重新上传。";
        en: "The file is encrypted, or of an old Office format", "Remove the password, save it as .docx or PDF, and upload that.";
    WordUnavailable "word_unavailable" UNPROCESSABLE_ENTITY
        zh: "暂时不能转换 Word 文件", "平台未安装转换程序，请将文件另存为 PDF 后上传。";
        en: "Word files cannot be converted here", "The platform has no converter installed. Save the file as PDF and upload that.";
    WordBusy "word_busy" SERVICE_UNAVAILABLE
        zh: "正在转换其他 Word 文件", "请稍后重新上传，或将文件另存为 PDF 后上传。";
        en: "Other Word files are being converted", "Upload it again in a moment, or save it as PDF and upload that.";

    // Seals and signatures ---------------------------------------------------------------------------------------
    SealNameTaken "seal_name_taken" CONFLICT
        zh: "印章名称已存在", "请为印章另取一个名称。";
        en: "There is a seal of this name", "Give the seal another name.";
    SealLimit "seal_limit" UNPROCESSABLE_ENTITY
        zh: "印章数量已达上限", "每个企业最多 50 枚印章，请使用已有的印章。";
        en: "No more seals", "An organization has at most 50 seals. Use one that is there.";
    SealEnabled "seal_enabled" CONFLICT
        zh: "印章仍在启用中", "请先停用印章，再删除。";
        en: "The seal is enabled", "Disable it first.";
    SealAwaited "seal_awaited" CONFLICT
        zh: "有合同正在等待加盖此印章", "已有人确认在合同上加盖此印章，请在盖章完成或合同结束后再删除。";
        en: "A contract is waiting for this seal", "Somebody confirmed to put it on a contract. Remove it when that is done or the contract has ended.";
    SignatureLimit "signature_limit" UNPROCESSABLE_ENTITY
        zh: "签名数量已达上限", "最多保存 5 个签名图片，请先删除不用的。";
        en: "No more signatures", "You keep five pictures of signatures at most. Remove one first.";
    SignaturesTooOften "signatures_too_often" TOO_MANY_REQUESTS
        zh: "上传过于频繁", "今天上传的签名图片过多，请稍后再试，或改用手写签名。";
        en: "Too many uploads", "You have uploaded very many signatures today. Try again later, or draw your signature.";
    SignatureUnknown "signature_unknown" UNPROCESSABLE_ENTITY
        zh: "签名图片不存在", "该签名图片已删除，请重新选择或重新上传。";
        en: "This signature is not there", "It was removed. Choose another one or upload it again.";
    MarkTooLarge "mark_too_large" PAYLOAD_TOO_LARGE
        zh: "图片过大", "图片不能超过 5 MB、5000 万像素，请缩小后重新上传。";
        en: "The picture is too large", "It may have at most 5 MB and 50 million pixels. Make it smaller and upload it again.";
    MarkNotAPicture "mark_not_a_picture" UNPROCESSABLE_ENTITY
        zh: "不支持此图片格式", "请上传一张 JPG 或 PNG 图片。";
        en: "This is no picture that is taken", "Upload one JPG or PNG picture.";
    MarkDamaged "mark_damaged" UNPROCESSABLE_ENTITY
        zh: "图片无法打开", "图片已损坏或格式特殊，请重新拍摄，或另存为 JPG 后上传。";
        en: "The picture cannot be opened", "It is damaged or of an unusual kind. Take it again, or save it as JPG and upload that.";
    MarkBlank "mark_blank" UNPROCESSABLE_ENTITY
        zh: "图片中没有找到印章或签名", "请在白纸上盖章或签名，光线均匀、对焦清晰地重新拍摄。";
        en: "No seal or signature was found in the picture", "Put it on white paper, in even light and in focus, and take the picture again.";
    MarkNoPaper "mark_no_paper" UNPROCESSABLE_ENTITY
        zh: "图片中没有找到白纸", "请让印章或签名的四周留出空白的纸面，再重新拍摄。";
        en: "No paper was found around the seal or signature", "Leave blank paper on all sides of it and take the picture again.";

    // Signing ----------------------------------------------------------------------------------------------------
    StepNotOpen "step_not_open" CONFLICT
        zh: "当前不能执行此步骤", "该步骤尚未开始或已完成，请刷新后查看。";
        en: "This step is not open", "It has not begun, or it is done. Reload to see what is next.";
    AgreementChanged "agreement_changed" CONFLICT
        zh: "协议内容已更新", "请重新阅读协议后再同意。";
        en: "The agreement has changed", "Read it again before you accept.";
    ReadingIncomplete "reading_incomplete" UNPROCESSABLE_ENTITY
        zh: "尚未阅读完毕", "请阅读到最后一页，并达到规定的阅读时间。";
        en: "Not all has been read", "Read to the last page, and at least for the time required.";
    FieldUnknown "field_unknown" UNPROCESSABLE_ENTITY
        zh: "签署区不存在", "请刷新页面后重试。";
        en: "A field is not yours or does not exist", "Reload the page and try again.";
    FieldsMissing "fields_missing" UNPROCESSABLE_ENTITY
        zh: "还有签署区未填写", "请完成所有必填的签署区。";
        en: "Some fields are still empty", "Fill all required fields.";
    SealNotGranted "seal_not_granted" FORBIDDEN
        zh: "没有该印章的使用权限", "请联系企业管理员授权后再使用。";
        en: "You may not use this seal", "Ask your organization's administrator to grant it to you.";
    ContentChanged "content_changed" CONFLICT
        zh: "内容已发生变化", "自获取验证码后，文件或填写的内容已改变，请重新查看并确认。";
        en: "The content has changed", "The documents or your entries have changed since the code was sent. Look again and confirm anew.";

    // Operations -------------------------------------------------------------------------------------------------
    JobNotDead "job_not_dead" CONFLICT
        zh: "该作业不需要重试", "只有已停止的作业可以重试，请刷新后查看。";
        en: "This job is not dead", "Only dead jobs can be retried. Reload to see its state.";
    JobAwaited "job_awaited" CONFLICT
        zh: "有流程正在等待该作业", "请重试该作业，或先结束等待它的流程。";
        en: "An instance waits for this job", "Retry the job, or end its instance first.";
    IncidentNotOpen "incident_not_open" CONFLICT
        zh: "该事件已不能这样处理", "事件已处理，或不允许此操作，请刷新后查看。";
        en: "This cannot be done about the incident", "It was decided, or this is not one of its actions. Reload to see what waits.";
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn every_code_says_what_to_do_next_in_both_languages() {
        for code in Code::ALL {
            for words in [code.zh(), code.en()] {
                assert!(!words.title.is_empty() && !words.detail.is_empty(), "{code:?}");
            }
            assert!(code.zh().detail.ends_with('。') && code.en().detail.ends_with('.'), "{code:?}");
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{code:?}");
        }
    }
}
