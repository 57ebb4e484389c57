"""数据字典: the code tables as people look at them, and how a code is added, renamed, retired and taken up again."""
