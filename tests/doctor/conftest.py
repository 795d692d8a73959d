"""The ``hub`` command and a home of one's own, as the tests of commands have them."""

from tests.cli.conftest import home as home
from tests.cli.conftest import hub as hub
