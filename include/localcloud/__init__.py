"""An AWS on one machine: moto answers the API, Docker and HAProxy make the answers true."""
