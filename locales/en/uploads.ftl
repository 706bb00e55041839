# Why an upload is refused: UPLOAD_ and the code that clients see.

UPLOAD_INVALID_LINK = The time to upload this file is over. Please choose it again.
UPLOAD_NOT_FOUND = This file is no longer awaited. Please choose it again.
UPLOAD_METHOD_NOT_ALLOWED = Files are uploaded with PUT.
UPLOAD_ALREADY_UPLOADED = This file has been uploaded already.
UPLOAD_TOO_LARGE = This file is larger than { $limit } bytes, so it was not uploaded.
UPLOAD_INCOMPLETE =
    Only { $actual } of { $limit } bytes of this file arrived. Please upload it again.
UPLOAD_STALLED =
    The upload stopped after { $actual } of { $limit } bytes. Please check your connection and try again.
UPLOAD_STORAGE_FULL = There is no room for more files at the moment. Please tell your administrator.
UPLOAD_UNAVAILABLE = Files cannot be stored at the moment. Please try again.
