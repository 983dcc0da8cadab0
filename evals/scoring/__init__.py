"""When an answer is right: the rule of each data set, one file a rule."""
