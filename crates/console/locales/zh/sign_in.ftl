sign-in-title = 登录
sign-in-key = 访问密钥 ID
sign-in-secret = 访问密钥 Secret
sign-in-do = 登录
sign-in-refused = 访问密钥 ID 或 Secret 不正确。
sign-in-hint = 如果手边有命令行，可以用它得到一次性登录链接：
sign-in-done = 已登录
sign-in-go-on = 进入控制台
