package nginx

import "forebay/config"

func quote(text string) string       { return config.Quote(text) }
func quoteAll(texts []string) string { return config.QuoteAll(texts) }
