confirm-not-now = 暂不
