"""The benches on which single components are tested: each call is one step, checked at once."""
