"""Indicators (指标): what a province asks for beside the items of the nation."""
