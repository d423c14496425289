"""An offline AWS and Kubernetes for the real Pulumi engine. See docs/offline-cloud.md."""
