from perturb.toolset import Task

REFUSALS: tuple[Task, ...] = ()
