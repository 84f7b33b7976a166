"""The signed apt repository: aptly, its keys, its bucket, what machines find there."""
