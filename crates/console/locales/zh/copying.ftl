copying-title-one = 复制 { $name }
copying-title = 复制 { $count } 个镜像
copying-facts = { $snapshots } 个快照 · { $size }，实占 { $held }
copying-no-images = 请至少选择一个要复制的镜像。
copying-no-image = 没有这个镜像。
copying-blocked = 这些镜像中有的不能复制，因此一个都不会复制。请去掉不能复制的镜像。
copying-no-targets = 请至少勾选一个目标地域。
copying-choose = 选择
copying-target = 目标地域
copying-images = 镜像
copying-snapshots = 快照
copying-link = 链路
copying-to-send = 待传输
copying-sealing = 加密
copying-sealing-in = { $region } 的加密方式
copying-of = { $used } / { $limit }
copying-link-idle = 空闲
copying-link-paused = 已暂停
copying-link-busy = { $running } 个进行中，{ $waiting } 个等待
copying-link-down = 无法连接
copying-present-same = 已有相同镜像：{ $name }
copying-present-older = 已有旧版本：{ $name }
copying-present-coming = 正在生成：{ $name }
copying-present-some = 其中 { $count } 个已存在
copying-no-room-images = { $left ->
    [0] 镜像配额已用完
   *[other] 镜像配额还剩 { $left } 个，需要 { $wanted } 个
}
copying-no-room-snapshots = { $left ->
    [0] 快照配额已用完
   *[other] 快照配额还剩 { $left } 个，需要 { $wanted } 个
}
copying-unreachable = 没有应答
copying-more-reasons = 还有 { $count } 条
copying-ask-approval = 申请审批
copying-to-ticket = 查看工单
copying-to-copy = 查看复制任务
copying-to-keys = 查看密钥
copying-seal-plain = 不加密，与源相同
copying-seal-default-as-source = 与源相同：目标地域的默认密钥
copying-seal-each = 各自与源相同
copying-seal-default = 目标地域的默认密钥
copying-seal-several = 按各地域的选择
copying-seal-key = 密钥 { $key }
copying-name = 自定义镜像名称
copying-name-hint = 留空则与源镜像同名。
copying-description = 自定义镜像描述
copying-note = 在目标地域显示为：
copying-tags = 标签
copying-tags-hint = 每行一个“键=值”。不修改则与源镜像相同。
copying-tags-hint-each = 每行一个“键=值”。留空则各自与源镜像相同。
copying-time-unknown = 未知
copying-time-unknown-why = 这些链路中有的尚未传输过数据
copying-time-ahead = { $count ->
    [0] 前面没有排队任务
   *[other] 前面有 { $count } 个任务
}
copying-sum-of = 待传输，共 { $of }
copying-sum-traffic = 流量费用（当前费率）
copying-sum-storage = 存储费用（30 天）
copying-sum-made = 镜像、快照
copying-tick = 请勾选目标地域；在传输任何数据之前，这里会显示费用和时间。
copying-left-behind = 角色、服务授权、用户数据和共享列表不会被复制。
copying-held = 复制结束之前，源镜像不能删除。
copying-approval-first = 这些复制需要先审批：运维人员批准之后才能复制。
copying-each-alone = 每个地域分别应答。
copying-do = { $count ->
    [0] 复制
   *[other] 复制到 { $count } 个地域
}
copying-estimate = 估算
copying-not-now = 暂不
copying-all-refused = 没有开始任何复制：
copying-begun-one = 已开始复制到 { $region }。
copying-begun = 已开始 { $count } 个复制任务。
copying-some = { $count } 个复制任务中有 { $promised } 个已开始
copying-some-hint = 每个地域分别应答。被拒绝的没有改变任何内容。
copying-image = 镜像
copying-answer = 应答
copying-refused = 已拒绝
copying-promised = 已开始
copying-again = 修改后重试
copying-to-copies = 前往复制任务
copying-ticket-title-one = 申请复制 { $name }
copying-ticket-title = 申请复制
copying-ticket-what = 这些复制需要审批。运维人员会阅读您填写的内容并作出决定；一次审批允许每个复制任务运行一次。
copying-ticket-why-needed = 需要审批的原因
copying-ticket-not-needed = 无需审批
copying-ticket-copy = 复制
copying-ticket-why = 为什么需要这些复制
copying-ticket-why-hint = 运维人员会看到：1 到 1,000 个字符。
copying-ticket-opened = { $count ->
    [1] 工单已提交。
   *[other] 已提交 { $count } 个工单。
}
copying-ticket-some = 已提交 { $count } 个工单。
