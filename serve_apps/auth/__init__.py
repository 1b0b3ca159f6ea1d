"""Who may do what: signing keys, clients, scopes and access tokens (OAuth 2.0)."""
