from perturb.toolset import Task

CHANGES: tuple[Task, ...] = ()
