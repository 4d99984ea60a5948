"""Several at once, whatever they are."""

from .base import Nemesis


class Storm(Nemesis):
    """Two to four of everything that runs die together, and come back in any order."""

    name = "all at once"

    def round(self) -> None:
        everything = [*self.world.services, *self.world.servers]
        victims = self.dice.sample(everything, self.dice.randint(2, 4))
        for victim in victims:
            if victim in self.world.servers:
                self.world.kill_server(victim)
            else:
                self.world.kill_service(victim, whole=True)
        self.hold(0, 1.5)
        for victim in self.dice.sample(victims, len(victims)):
            if victim in self.world.servers:
                self.world.servers[victim].start()
            else:
                self.world.services[victim].start()
        self.world.all_well()
        self.world.note_resumed("server", " and ".join(victims))
