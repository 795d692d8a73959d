"""Lets unchanged PaddleHub modules load: answers the names that they import, and what else they expect.

    hub.compat.install()        once per process that loads modules: a runner, the import check, hub.Module(…)

From then on ``hub.module.loader`` passes every folder through ``importing.activation``. A folder whose
files never mention paddlehub is left alone. For one that does:

    importing/name_table        which of our files answers for which name of PaddleHub (the whole list)
    importing/facade            makes ``import paddlehub`` find them
    importing/source_fixes      replaces what NumPy, Pillow, Paddle and Python have dropped since
    importing/successors        which names those are
    importing/fluid             what is left of paddle.fluid
    importing/patching_loader   the import hook that does so for the files below the module's folder only
    importing/requirements      packages that the module needs and that are missing, all in one error
    importing/missing_files     files that it should have fetched, by name and address
    importing/sibling_imports   other installed modules, by name
    paddlehub_api/              the behaviour behind the names

Importing this package needs the standard library only. NumPy, OpenCV and Paddle are imported by the files
whose names a module asks for.
"""

from hub.compat.importing.activation import install as install
from hub.compat.importing.activation import method_of as method_of
