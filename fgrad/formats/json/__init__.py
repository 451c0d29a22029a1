"""Programs and graphs as JSON: `codec` has `dumps` and `loads`, `document` the errors with their places."""
