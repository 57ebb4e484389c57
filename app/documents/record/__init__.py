"""教师信息表: the whole record of one teacher on A4, to be checked and signed. Source: domain reference 6.0, 6.6."""
