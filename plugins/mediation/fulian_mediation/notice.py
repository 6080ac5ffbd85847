"""The notice of rights and duties (人民调解当事人权利义务告知书): its text stands in templates/mediation/notice.html.

Who was told keeps the version she was told of: whoever changes the text gives it a new one.
"""

NOTICE_VERSION = "第 1 版"
