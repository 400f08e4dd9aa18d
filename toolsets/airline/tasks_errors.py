from perturb.toolset import Task

ERRORS: tuple[Task, ...] = ()
