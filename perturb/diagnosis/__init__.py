"""What an endpoint really does with tools, streams and reasoning: asked in few requests, told as findings, with the settings
that fit it.

`examining` asks one group of questions after the other, each of which has a file; `line` sends the requests; `advice` makes
settings of a run out of the findings; `page` prints them.
"""
