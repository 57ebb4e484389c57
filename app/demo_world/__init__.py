"""The invented world at size: the demo province and the people of load tests. Facts stand under seed/demo/province."""
