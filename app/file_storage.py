"""The storage of files that the settings ask for."""

from core.settings import Settings
from services.storage.bucket_storage import Bucket, BucketStorage
from services.storage.file_storage import FileStorage


def open_file_storage(settings: Settings) -> FileStorage:
    """Return the bucket that `storage_url` names, or else the folder `storage_path`.

    Beside a bucket, files on their way there pass through the folder.
    """
    if settings.storage_url is None:
        return FileStorage(settings.storage_path)
    name, _, prefix = settings.storage_url.removeprefix("s3://").partition("/")
    secret = settings.s3_secret_access_key
    bucket = Bucket(
        name,
        prefix.strip("/"),
        settings.s3_region,
        endpoint=settings.s3_endpoint,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=secret.get_secret_value() if secret else None,
        allows_http=settings.s3_allow_http,
    )
    return BucketStorage(bucket, settings.storage_path)
