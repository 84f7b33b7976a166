"""What comes round again, whoever deploys: old standbys, old images, the signature of apt."""
