audit-title = 审计
audit-what = 所有变更，最新的在前：操作者、时间、请求，以及变更前后的内容。
audit-which = 显示哪些审计记录
audit-all = 全部
audit-accounts = 账号与用户
audit-of-region = 地域 { $region }
audit-subject = 操作对象
audit-subject-hint = 镜像、密钥、用户等的 ID
audit-account = 账号
audit-account-hint = 账号 ID 或名称
audit-find = 查询
audit-none = 没有符合条件的变更
audit-none-how = 其他账号的操作仅运维人员可见。
audit-show-all = 显示全部
audit-at = 时间
audit-who = 操作者
audit-ferry = Ferry 系统
audit-did = 操作
audit-trail = 审计范围
audit-request = 请求 ID
audit-change = 变更前 → 变更后
audit-first = 第一页
audit-more = 更早
audit-verify = 校验审计链
audit-verified-title = 审计链校验结果
audit-verified-what = 每条记录都包含前一条记录的摘要：任何篡改、删除或插入都会使链在该处断开。
audit-stands = 状态
audit-found = 结果
audit-whole = 完整
audit-whole-told = { $entries ->
    [0] 还没有记录。
   *[other] 全部 { $entries } 条记录前后相连。
}
audit-broken = 已断开
audit-broken-told = 第 { $seq } 条记录与前一条不符：该处有内容被篡改、删除或添加。
audit-back = 返回审计
