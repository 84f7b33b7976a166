"""Why a release failed, told in its task's log and kept."""
